import type { Random } from '../../src/core/math/random'
import { windowOutput, type Graph, type GraphNode, type Shape } from '../../src/core/model/graph'

/** The shipped architectures with their first, random weights (He et al. 2015: normal, variance 2 / inputs). */

interface Stack {
  conv(
    name: string,
    channels: number,
    kernel: number,
    options?: { stride?: number; pad?: number; relu?: boolean; from?: number }
  ): number
  depthwise(name: string, kernel: number, options?: { stride?: number; pad?: number }): number
  norm(name: string): number
  relu(name: string): number
  maxPool(name: string, size: number): number
  globalPool(name: string): number
  add(name: string, a: number, b: number): number
  flatten(name: string): number
  dense(name: string, outputs: number, relu?: boolean): number
  graph(name: string): Graph
}

/** Nodes so far, and random weights for the next. */
function createNodes(inputShape: Shape, random: Random) {
  const nodes: GraphNode[] = []
  const last = (): number => nodes.length - 1
  const shapeAt = (index: number): Shape => (index < 0 ? inputShape : nodes[index]!.outputShape)
  const push = (node: GraphNode): number => nodes.push(node) - 1
  const draw = (count: number, inputs: number): Float32Array =>
    Float32Array.from({ length: count }, () => random.normal() * Math.sqrt(2 / inputs))
  return { nodes, last, shapeAt, push, draw }
}

type Nodes = ReturnType<typeof createNodes>

const windowOf = (kernel: number, stride: number, pad: number) =>
  ({ kernel: [kernel, kernel], stride: [stride, stride], pad: [pad, pad, pad, pad] }) as const

function createStack(inputShape: Shape, random: Random): Stack {
  const to = createNodes(inputShape, random)
  const { nodes, last, shapeAt, push } = to
  return {
    ...weightedNodes(to),
    ...poolNodes(to),
    norm(name) {
      const shape = shapeAt(last())
      const channels = shape[0]!
      const [scale, shift] = [new Float32Array(channels).fill(1), new Float32Array(channels)]
      return push({ op: 'batchNorm', name, inputs: [last()], outputShape: shape, scale, shift })
    },
    relu: (name) => push({ op: 'relu', name, inputs: [last()], outputShape: shapeAt(last()) }),
    add: (name, a, b) => push({ op: 'add', name, inputs: [a, b], outputShape: shapeAt(a), relu: false }),
    flatten: (name) =>
      push({
        op: 'flatten',
        name,
        inputs: [last()],
        outputShape: [shapeAt(last()).reduce((a, b) => a * b, 1)]
      }),
    graph: (name) => ({ name, inputShape, inputScale: 1 / 255, inputZero: 128, nodes, output: last() })
  }
}

function weightedNodes({ last, shapeAt, push, draw }: Nodes): Pick<Stack, 'conv' | 'depthwise' | 'dense'> {
  return {
    conv(name, channels, kernel, { stride = 1, pad = 0, relu = true, from = last() } = {}) {
      const [inputs, height, width] = shapeAt(from) as [number, number, number]
      const window = windowOf(kernel, stride, pad)
      const taps = inputs * kernel * kernel
      return push({
        op: 'conv2d',
        name,
        inputs: [from],
        outputShape: [channels, ...windowOutput(height, width, window)],
        ...window,
        weights: draw(channels * taps, taps),
        bias: new Float32Array(channels),
        relu
      })
    },
    depthwise(name, kernel, { stride = 1, pad = 0 } = {}) {
      const [channels, height, width] = shapeAt(last()) as [number, number, number]
      const window = windowOf(kernel, stride, pad)
      return push({
        op: 'depthwiseConv2d',
        name,
        inputs: [last()],
        outputShape: [channels, ...windowOutput(height, width, window)],
        ...window,
        weights: draw(channels * kernel * kernel, kernel * kernel),
        bias: new Float32Array(channels),
        relu: false
      })
    },
    dense(name, outputs, relu = true) {
      const inputs = shapeAt(last())[0]!
      const weights = draw(outputs * inputs, relu ? inputs : 2 * inputs)
      return push({
        op: 'dense',
        name,
        inputs: [last()],
        outputShape: [outputs],
        weights,
        bias: new Float32Array(outputs),
        relu
      })
    }
  }
}

function poolNodes({ last, shapeAt, push }: Nodes): Pick<Stack, 'maxPool' | 'globalPool'> {
  return {
    maxPool(name, size) {
      const [channels, height, width] = shapeAt(last()) as [number, number, number]
      const window = windowOf(size, size, 0)
      const outputShape = [channels, ...windowOutput(height, width, window)]
      return push({ op: 'maxPool', name, inputs: [last()], outputShape, ...window })
    },
    globalPool(name) {
      const [channels, height, width] = shapeAt(last()) as [number, number, number]
      return push({
        op: 'avgPool',
        name,
        inputs: [last()],
        outputShape: [channels, 1, 1],
        kernel: [height, width],
        stride: [1, 1],
        pad: [0, 0, 0, 0],
        countIncludePad: false
      })
    }
  }
}

/** LeNet-5 (LeCun et al. 1998) with ReLU and max pooling; 61,706 parameters. */
export function lenet5(random: Random): Graph {
  const net = createStack([1, 28, 28], random)
  net.conv('conv1', 6, 5, { pad: 2 })
  net.maxPool('pool1', 2)
  net.conv('conv2', 16, 5)
  net.maxPool('pool2', 2)
  net.flatten('flatten')
  net.dense('fc1', 120)
  net.dense('fc2', 84)
  net.dense('fc3', 10, false)
  return net.graph('lenet5-fashion')
}

/** A small residual network: three blocks, one of them depthwise, batch normalisation, global average pooling. */
export function resnetTiny(random: Random): Graph {
  const net = createStack([1, 28, 28], random)
  const convNorm = (name: string, channels: number, stride: number, from?: number): number => {
    net.conv(name, channels, 3, { stride, pad: 1, relu: false, ...(from === undefined ? {} : { from }) })
    return net.norm(`${name}_norm`)
  }
  convNorm('stem', 16, 2)
  let trunk = net.relu('stem_relu')
  convNorm('block1a', 16, 1)
  net.relu('block1a_relu')
  let branch = convNorm('block1b', 16, 1)
  net.add('block1_add', trunk, branch)
  trunk = net.relu('block1_relu')
  net.conv('block2_short', 32, 1, { stride: 2, relu: false, from: trunk })
  const short = net.norm('block2_short_norm')
  convNorm('block2a', 32, 2, trunk)
  net.relu('block2a_relu')
  branch = convNorm('block2b', 32, 1)
  net.add('block2_add', short, branch)
  trunk = net.relu('block2_relu')
  net.depthwise('block3_depth', 3, { pad: 1 })
  net.norm('block3_depth_norm')
  net.relu('block3_depth_relu')
  net.conv('block3_point', 32, 1, { relu: false })
  branch = net.norm('block3_point_norm')
  net.add('block3_add', trunk, branch)
  net.relu('block3_relu')
  net.globalPool('pool')
  net.flatten('flatten')
  net.dense('fc', 10, false)
  return net.graph('resnet-tiny-fashion')
}

/** A residual network of 22 weighted layers (He et al. 2016, nine blocks of two convolutions), 8 to 32 channels wide. */
export function resnet20(random: Random): Graph {
  const net = createStack([1, 28, 28], random)
  net.conv('stem', 8, 3, { stride: 2, pad: 1, relu: false })
  net.norm('stem_norm')
  let trunk = net.relu('stem_relu')
  for (const [stage, channels] of [8, 16, 32].entries()) {
    for (let block = 1; block <= 3; block++) {
      const name = `stage${stage + 1}_${block}`
      const isNarrower = stage > 0 && block === 1
      const stride = isNarrower ? 2 : 1
      let short = trunk
      if (isNarrower) {
        net.conv(`${name}_short`, channels, 1, { stride, relu: false, from: trunk })
        short = net.norm(`${name}_short_norm`)
      }
      net.conv(`${name}a`, channels, 3, { stride, pad: 1, relu: false, from: trunk })
      net.norm(`${name}a_norm`)
      net.relu(`${name}a_relu`)
      net.conv(`${name}b`, channels, 3, { pad: 1, relu: false })
      const branch = net.norm(`${name}b_norm`)
      net.add(`${name}_add`, short, branch)
      trunk = net.relu(`${name}_relu`)
    }
  }
  net.globalPool('pool')
  net.flatten('flatten')
  net.dense('fc', 10, false)
  return net.graph('resnet20-fashion')
}
