import { createRandom } from '@core/math/random'
import { sizeOf, type Graph, type GraphNode, type Shape } from '@core/model/graph'

/** Expansion, channels, blocks and stride of the stages (Sandler et al. 2018, table 2). */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1]
] as const

/**
 * MobileNetV2 with weights drawn by a seed (He et al. 2015), batch normalisation left out: as much work as the trained network,
 * worthless outputs. Small images keep their size in the stem.
 * @param inputShape channels, height, width
 */
export function mobileNetV2(
  inputShape: readonly [number, number, number],
  options: { width?: number; classes?: number; seed?: number } = {}
): Graph {
  const random = createRandom(options.seed ?? 1)
  const width = options.width ?? 1
  const nodes: GraphNode[] = []
  const shapeOf = (index: number): Shape => (index < 0 ? inputShape : nodes[index].outputShape)
  const push = (node: GraphNode): number => nodes.push(node) - 1
  const sized = (channels: number): number => Math.max(8, Math.round((channels * width) / 8) * 8)
  const draw = (count: number, taps: number, gain: number): Float32Array =>
    Float32Array.from({ length: count }, () => random.normal() * Math.sqrt(gain / taps))

  const conv = (
    name: string,
    from: number,
    outputs: number,
    side: number,
    stride: number,
    relu: boolean
  ): number => {
    const [channels, height, rowLength] = shapeOf(from)
    const isDepthwise = outputs === 0
    const out = isDepthwise ? channels : outputs
    const taps = side * side * (isDepthwise ? 1 : channels)
    const pad = (side - 1) / 2
    return push({
      op: isDepthwise ? 'depthwiseConv2d' : 'conv2d',
      name,
      inputs: [from],
      outputShape: [out, Math.ceil(height / stride), Math.ceil(rowLength / stride)],
      kernel: [side, side],
      stride: [stride, stride],
      pad: [pad, pad, pad, pad],
      weights: draw(out * taps, taps, relu ? 2 : 1),
      bias: draw(out, 1, 0.01),
      relu,
      ...(relu ? { ceiling: 6 } : {})
    })
  }

  let last = conv('stem', -1, sized(32), 3, inputShape[1] < 64 ? 1 : 2, true)
  for (const [stage, [expansion, channels, blocks, stride]] of stages.entries())
    for (let block = 0; block < blocks; block++) {
      const name = `stage${stage + 1}_${block + 1}`
      const source = last
      const inner = shapeOf(source)[0] * expansion
      if (expansion > 1) last = conv(`${name}_expand`, last, inner, 1, 1, true)
      last = conv(`${name}_depth`, last, 0, 3, block === 0 ? stride : 1, true)
      last = conv(`${name}_project`, last, sized(channels), 1, 1, false)
      if (block > 0)
        last = push({
          op: 'add',
          name: `${name}_add`,
          inputs: [source, last],
          outputShape: shapeOf(last),
          relu: false
        })
    }
  last = conv('head', last, sized(1280), 1, 1, true)
  const [channels, height, rowLength] = shapeOf(last)
  last = push({
    op: 'avgPool',
    name: 'pool',
    inputs: [last],
    outputShape: [channels, 1, 1],
    kernel: [height, rowLength],
    stride: [1, 1],
    pad: [0, 0, 0, 0],
    countIncludePad: false
  })
  last = push({ op: 'flatten', name: 'flatten', inputs: [last], outputShape: [channels] })
  const classes = options.classes ?? 10
  last = push({
    op: 'dense',
    name: 'fc',
    inputs: [last],
    outputShape: [classes],
    weights: draw(classes * channels, channels, 1),
    bias: new Float32Array(classes),
    relu: false
  })
  const name = `mobilenetv2-${sizeOf(inputShape)}`
  return { name, inputShape, inputScale: 1 / 255, inputZero: 128, nodes, output: last }
}
