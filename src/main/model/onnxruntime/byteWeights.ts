import * as ort from 'onnxruntime-node'
import { byteLayersModel, type ByteWeights } from '../../../core/quant/integer/byteModel'
import { runLayerPlain } from '../../../core/quant/quantize/fitEngine'
import { elementCount, type CodeFormat, type IntegerLayer } from '../../../core/quant/quantizedNetwork'
import { createStructureSessions, type StructureSessions } from './structureSessions'

let known: Promise<ByteWeights> | undefined

/**
 * How onnxruntime must hold weights on this processor so that sums of products are exact: without VNNI its kernels for signed
 * weights add pairs of products in 16 bits, which saturate. Found out once by layers whose products are as large as can be.
 */
export function exactByteWeights(): Promise<ByteWeights> {
  return (known ??= byteWeightsOf(waysToHold))
}

/** The same with given ways to hold a layer's numbers: signed weights are exact where they are in every way. */
export async function byteWeightsOf(ways: readonly StructureSessions[]): Promise<ByteWeights> {
  for (const way of ways)
    for (const layer of extremeLayers())
      for (const items of itemCounts) if (!(await agrees(layer, items, way))) return 'uint8'
  return 'int8'
}

/**
 * Weights that belong to a session are laid out once, those that are inputs (structureSessions.ts) in every run, and the runtime has
 * other kernels for each. No session is kept.
 */
const waysToHold: readonly StructureSessions[] = [
  createStructureSessions({ sessions: 0, inputValues: 0 }),
  createStructureSessions({ sessions: 0 })
]

/** Products of one row of weights that are inputs have a kernel of their own. */
const itemCounts = [1, 3]

/** Whether onnxruntime with signed weights gives a layer's codes for the largest input. */
async function agrees(layer: IntegerLayer, items: number, way: StructureSessions): Promise<boolean> {
  const codes = new Int8Array(items * elementCount(layer.inputShape)).fill(127)
  const wanted = runLayerPlain(layer, [codes], items)
  return way.use(byteLayersModel([layer], [[-1]], [0], 'int8'), async (session, numbers) => {
    const bytes0 = new ort.Tensor('uint8', new Uint8Array(codes.length).fill(255), [
      items,
      ...layer.inputShape
    ])
    const results = await session.run({ ...numbers, bytes0 })
    const found = results['result0'].data as Uint8Array
    return wanted.every((code, at) => code + 128 === found[at])
  })
}

const unsigned: CodeFormat = { bits: 8, scale: 1, zero: 128 }

/** Layers of every kernel whose sums are at their largest, scaled so that the output stays within a byte. */
function extremeLayers(): IntegerLayer[] {
  const channels = 16
  const common = (taps: number) => ({
    name: 'extreme',
    inputs: [-1],
    input: unsigned,
    outBits: 8 as const,
    outScale: 1,
    outZero: 128,
    relu: true,
    weightBits: 8 as const,
    activationBits: 8 as const,
    bias: new Int32Array(channels).fill(128 * 127 * taps),
    weightScale: new Float64Array(channels).fill(1),
    mult: new Int32Array(channels).fill(Math.round((200 / (255 * 127 * taps)) * 2 ** 40)),
    shift: new Uint8Array(channels).fill(40),
    last: false
  })
  const window = { kernel: [3, 3], stride: [1, 1], pad: [0, 0, 0, 0], padCode: -128 } as const
  const image = { inputShape: [6, 6, channels], outputShape: [4, 4, channels] } as const
  return [
    {
      op: 'conv2d',
      ...common(9 * channels),
      ...window,
      ...image,
      weights: new Int8Array(9 * channels * channels).fill(127)
    },
    {
      // An odd number of input channels takes another kernel.
      op: 'conv2d',
      ...common(27),
      ...window,
      ...image,
      inputShape: [6, 6, 3],
      weights: new Int8Array(27 * channels).fill(127)
    },
    {
      op: 'depthwiseConv2d',
      ...common(9),
      ...window,
      ...image,
      weights: new Int8Array(9 * channels).fill(127)
    },
    {
      op: 'dense',
      ...common(64),
      inputShape: [1, 1, 64],
      outputShape: [1, 1, channels],
      weights: new Int8Array(64 * channels).fill(127)
    }
  ]
}
