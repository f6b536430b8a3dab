import { exportOperator } from './exportOperators'
import type { ExportSink } from './exportSink'
import { hasActivation, inputShapeOf, type AvgPoolNode, type Graph, type GraphNode } from '../graph'
import { float, int, ints, type OnnxModel, type OnnxNode, type OnnxTensor } from './onnx'
import { tablesAtTheEnd } from '../tablesAtTheEnd'
import { parametersOfNode } from '../training/parameters'

/** Writes the graph as a plain float ONNX model (opset 13): what the training script ships and tests read back. */
export function exportOnnx(graph: Graph, metadata: Readonly<Record<string, string>> = {}): OnnxModel {
  const writer = new GraphWriter(graph)
  for (const [index, node] of graph.nodes.entries()) writer.write(index, node)
  const last = graph.nodes[graph.output]
  const output = { name: writer.valueOf(graph.output), elementType: 'float32' as const }
  return {
    name: graph.name,
    opset: 13,
    nodes: writer.nodes,
    initializers: writer.initializers,
    inputs: [{ name: 'image', elementType: 'float32', dims: ['batch', ...graph.inputShape] }],
    outputs: [{ ...output, dims: ['batch', ...last.outputShape] }],
    metadata: {
      'bitbench.inputScale': String(graph.inputScale),
      'bitbench.inputZero': String(graph.inputZero),
      ...(graph.dataSet === undefined ? {} : { 'bitbench.dataSet': graph.dataSet }),
      ...metadata
    }
  }
}

class GraphWriter {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  private made = 0
  private readonly sink: ExportSink
  private readonly takenNames: ReadonlySet<string>
  private readonly exactTables: ReadonlySet<number>

  constructor(private readonly graph: Graph) {
    this.takenNames = new Set(graph.nodes.map((node) => node.name))
    this.exactTables = tablesAtTheEnd(graph)
    this.sink = {
      image: this.valueOf(-1),
      node: (opType, inputs, attributes = {}) => {
        const name = this.freshName('made')
        this.push(opType, name, [...inputs], name, attributes)
        return name
      },
      constant: (data, dims) => this.constant(this.freshName('constant'), data, dims)
    }
  }

  /** A name that no node of the graph has: one read from an earlier export has nodes `made_N`. */
  private freshName(stem: string): string {
    for (;;) {
      const name = `${stem}_${this.made++}`
      if (!this.takenNames.has(name)) return name
    }
  }

  valueOf(index: number): string {
    return index < 0 ? 'image' : `${this.graph.nodes[index].name}_out`
  }

  /** Writes a node and the activation behind it. */
  write(index: number, node: GraphNode): void {
    const inputs = node.inputs.map((input) => this.valueOf(input))
    for (const { role, dims, initial } of parametersOfNode(this.graph, node))
      inputs.push(this.constant(`${node.name}.${role}`, initial, dims))
    const output = this.valueOf(index)
    const own = hasActivation(node) ? `${node.name}_sum` : output
    this.writeNode(index, node, inputs, own)
    if (hasActivation(node)) this.writeActivation(node, own, output)
  }

  private writeNode(index: number, node: GraphNode, inputs: string[], own: string): void {
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d':
        return this.push('Conv', node.name, inputs, own, {
          kernel_shape: ints(node.kernel),
          strides: ints(node.stride),
          pads: ints(node.pad),
          dilations: ints(node.dilation ?? [1, 1]),
          group: int(node.op === 'conv2d' ? 1 : node.bias.length)
        })
      case 'dense':
        return this.push('Gemm', node.name, inputs, own, { transB: int(1) })
      case 'maxPool':
        return this.push('MaxPool', node.name, inputs, own, {
          kernel_shape: ints(node.kernel),
          strides: ints(node.stride),
          pads: ints(node.pad)
        })
      case 'avgPool':
        return this.writeAveragePool(node, inputs, own)
      case 'add':
        return this.push('Add', node.name, inputs, own, {})
      case 'relu':
        return this.push('Relu', node.name, inputs, own, {})
      case 'flatten':
        return this.push('Flatten', node.name, inputs, own, { axis: int(1) })
      case 'batchNorm': {
        // y = scale * x + shift is a normalisation with mean 0 and variance 1.
        const channels = node.scale.length
        const mean = this.constant(`${node.name}.mean`, new Float32Array(channels), [channels])
        const ones = new Float32Array(channels).fill(1)
        const variance = this.constant(`${node.name}.variance`, ones, [channels])
        return this.push('BatchNormalization', node.name, [...inputs, mean, variance], own, {
          epsilon: float(0)
        })
      }
      default:
        this.push(
          'Identity',
          node.name,
          [exportOperator(this.sink, this.graph, node, inputs, this.exactTables.has(index))],
          own,
          {}
        )
    }
  }

  private writeAveragePool(node: AvgPoolNode, inputs: string[], own: string): void {
    const [, height, width] = inputShapeOf(this.graph, node)
    if (node.kernel[0] === height && node.kernel[1] === width)
      return this.push('GlobalAveragePool', node.name, inputs, own, {})
    this.push('AveragePool', node.name, inputs, own, {
      kernel_shape: ints(node.kernel),
      strides: ints(node.stride),
      pads: ints(node.pad),
      count_include_pad: int(node.countIncludePad ? 1 : 0)
    })
  }

  private writeActivation(node: GraphNode, own: string, output: string): void {
    const { name } = node
    const joined = `${name}_relu`
    const nodeName = this.takenNames.has(joined) ? this.freshName(joined) : joined
    const [low, high] = 'ceiling' in node ? [node.floor ?? 0, node.ceiling] : [0, undefined]
    if (high === undefined) return this.push('Relu', nodeName, [own], output, {})
    const floor = this.constant(`${name}.floor`, Float32Array.of(low), [])
    const top = this.constant(`${name}.ceiling`, Float32Array.of(high), [])
    this.push('Clip', nodeName, [own, floor, top], output, {})
  }

  private push(
    opType: string,
    name: string,
    inputs: string[],
    output: string,
    attributes: OnnxNode['attributes']
  ): void {
    this.nodes.push({ name, opType, domain: '', inputs, outputs: [output], attributes })
  }

  private constant(name: string, data: OnnxTensor['data'], dims: OnnxTensor['dims']): string {
    this.initializers.push({ name, dims, data })
    return name
  }
}
