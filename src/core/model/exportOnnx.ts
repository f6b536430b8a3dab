import { exportOperator, type ExportSink } from './exportOperators'
import { inputShapeOf, type Graph } from './graph'
import { float, int, ints, type OnnxModel, type OnnxNode, type OnnxTensor } from './onnx'
import { parametersOfNode } from './training/parameters'

/** Writes the graph as a plain float ONNX model (opset 13): what the training script ships and tests read back. */
export function exportOnnx(graph: Graph, metadata: Readonly<Record<string, string>> = {}): OnnxModel {
  const nodes: OnnxNode[] = []
  const initializers: OnnxTensor[] = []
  const valueOf = (index: number): string => (index < 0 ? 'image' : `${graph.nodes[index].name}_out`)
  const push = (
    opType: string,
    name: string,
    inputs: string[],
    output: string,
    attributes: OnnxNode['attributes']
  ): void => {
    nodes.push({ name, opType, domain: '', inputs, outputs: [output], attributes })
  }
  let made = 0
  const sink: ExportSink = {
    image: valueOf(-1),
    node(opType, inputs, attributes = {}) {
      const name = `made_${made++}`
      push(opType, name, [...inputs], name, attributes)
      return name
    },
    constant(data, dims) {
      const name = `constant_${made++}`
      initializers.push({ name, dims, data })
      return name
    }
  }
  for (const [index, node] of graph.nodes.entries()) {
    const inputs = node.inputs.map(valueOf)
    for (const { role, dims, initial } of parametersOfNode(graph, node)) {
      initializers.push({ name: `${node.name}.${role}`, dims, data: initial })
      inputs.push(`${node.name}.${role}`)
    }
    const hasRelu = 'relu' in node && node.relu
    const output = valueOf(index)
    const own = hasRelu ? `${node.name}_sum` : output
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d':
        push('Conv', node.name, inputs, own, {
          kernel_shape: ints(node.kernel),
          strides: ints(node.stride),
          pads: ints(node.pad),
          dilations: ints(node.dilation ?? [1, 1]),
          group: int(node.op === 'conv2d' ? 1 : node.bias.length)
        })
        break
      case 'dense':
        push('Gemm', node.name, inputs, own, { transB: int(1) })
        break
      case 'maxPool':
        push('MaxPool', node.name, inputs, own, {
          kernel_shape: ints(node.kernel),
          strides: ints(node.stride),
          pads: ints(node.pad)
        })
        break
      case 'avgPool': {
        const [, height, width] = inputShapeOf(graph, node)
        if (node.kernel[0] === height && node.kernel[1] === width)
          push('GlobalAveragePool', node.name, inputs, own, {})
        else {
          push('AveragePool', node.name, inputs, own, {
            kernel_shape: ints(node.kernel),
            strides: ints(node.stride),
            pads: ints(node.pad),
            count_include_pad: int(node.countIncludePad ? 1 : 0)
          })
        }
        break
      }
      case 'add':
        push('Add', node.name, inputs, own, {})
        break
      case 'relu':
        push('Relu', node.name, inputs, own, {})
        break
      case 'flatten':
        push('Flatten', node.name, inputs, own, { axis: int(1) })
        break
      case 'batchNorm': {
        // y = scale * x + shift is a normalisation with mean 0 and variance 1.
        const channels = node.scale.length
        initializers.push(
          { name: `${node.name}.mean`, dims: [channels], data: new Float32Array(channels) },
          { name: `${node.name}.variance`, dims: [channels], data: new Float32Array(channels).fill(1) }
        )
        inputs.push(`${node.name}.mean`, `${node.name}.variance`)
        push('BatchNormalization', node.name, inputs, own, { epsilon: float(0) })
        break
      }
      default:
        push('Identity', node.name, [exportOperator(sink, graph, node, inputs)], own, {})
    }
    if (!hasRelu) continue
    if (!('ceiling' in node) || node.ceiling === undefined)
      push('Relu', `${node.name}_relu`, [own], output, {})
    else {
      const limits = [0, node.ceiling].map((value, at) => {
        const name = `${node.name}.${at === 0 ? 'floor' : 'ceiling'}`
        initializers.push({ name, dims: [], data: Float32Array.of(value) })
        return name
      })
      push('Clip', `${node.name}_relu`, [own, ...limits], output, {})
    }
  }
  const last = graph.nodes[graph.output]
  return {
    name: graph.name,
    opset: 13,
    nodes,
    initializers,
    inputs: [{ name: 'image', elementType: 'float32', dims: ['batch', ...graph.inputShape] }],
    outputs: [{ name: valueOf(graph.output), elementType: 'float32', dims: ['batch', ...last.outputShape] }],
    metadata: {
      'bitbench.inputScale': String(graph.inputScale),
      'bitbench.inputZero': String(graph.inputZero),
      ...metadata
    }
  }
}
