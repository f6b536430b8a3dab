import { ByteWriter } from '../binary/bytes'
import { crc32Feed, crc32Finish, crc32Start } from '../binary/crc'
import { packWeights } from '../quant/packing'
import { isLast, isWeighted, type IntegerLayer, type QuantizedNetwork } from '../quant/quantizedNetwork'
import { parameterBytes } from './layerParameters'
import { imageHeaderBytes, layerRecordBytes, type Plan, type PlanLayer } from './plan'

/** The Image of docs/image.md: a Plan and a network's integers as the bytes the resident runtime executes. */
export const imageMagic = 0x4d494242
/** Version of the format. */
export const imageVersion = 1

/** Operator numbers of the layer record; dense has one of its own, unlike in the kernel table. */
export const imageOperators = [
  'conv2d',
  'depthwiseConv2d',
  'dense',
  'maxPool',
  'avgPool',
  'add',
  'requantize',
  'flatten',
  'argmax',
  'table',
  'binary',
  'move',
  'gather',
  'reduce',
  'softmax',
  'normalize',
  'product',
  'constant',
  'output',
  'embed',
  'recurrent'
] as const

/** counted: an avgPool with one factor per number of positions; fill: a move that fills first. */
export const layerFlags = { relu: 1, last: 2, counted: 4, fill: 8 } as const

/** Where the blobs of one layer begin in the Image; 0 = none. */
interface BlobOffsets {
  weights: number
  bias: number
  mult: number
  shift: number
}

/** Serialises a network as planned. The plan must have been made for this very network. */
export function encodeImage(network: QuantizedNetwork, plan: Plan): Uint8Array {
  const blobs = new ByteWriter(plan.imageBytes)
  const firstBlob = imageHeaderBytes + plan.layers.length * layerRecordBytes
  const offsets = network.layers.map((layer, index) =>
    writeBlobs(layer, plan.layers[index], blobs, firstBlob)
  )

  const writer = new ByteWriter(plan.imageBytes)
  writeHeader(writer, plan)
  for (const [index, layer] of network.layers.entries()) {
    writeRecord(writer, layer, plan.layers[index], offsets[index])
  }
  const image = writer.raw(blobs.done()).done()
  if (image.length !== plan.imageBytes) {
    throw new RangeError(`The Image has ${image.length} bytes, planned were ${plan.imageBytes}`)
  }
  new DataView(image.buffer).setUint32(12, imageCrc(image), true)
  return image
}

/** CRC-32 of everything behind the CRC field. */
export function imageCrc(image: Uint8Array): number {
  return crc32Finish(crc32Feed(crc32Start, image, 16))
}

function writeHeader(writer: ByteWriter, plan: Plan): void {
  writer.u32(imageMagic).u16(imageVersion).u16(imageHeaderBytes)
  writer.u32(plan.imageBytes).u32(0) // CRC, filled in at the end
  writer.u16(plan.layers.length).u16(layerRecordBytes).u32(imageHeaderBytes)
  writer.u32(plan.arenaBytes).u32(0).u32(plan.scratchBytes)
  writer.u32(plan.inputOffset).u32(plan.inputBytes).u32(plan.outputOffset).u32(plan.outputCount)
  writer.u32(plan.firmwareBuildId).u32(0).raw(new Uint8Array(36))
}

function writeBlobs(
  layer: IntegerLayer,
  planned: PlanLayer,
  blobs: ByteWriter,
  firstBlob: number
): BlobOffsets {
  const offsets: BlobOffsets = { weights: 0, bias: 0, mult: 0, shift: 0 }
  const blob = (write: () => void): number => {
    const at = firstBlob + blobs.length
    write()
    blobs.align(16)
    return at
  }
  const words = (values: Int32Array) => (): void => values.forEach((value) => blobs.i32(value))
  if (isWeighted(layer)) {
    offsets.weights = blob(() => blobs.raw(weightBytes(layer, planned)))
    offsets.bias = blob(words(layer.bias))
    if (layer.last) return offsets
  }
  const parameters = parameterBytes(layer)
  if (parameters !== null) offsets.weights = blob(() => blobs.raw(parameters))
  if ('mult' in layer) {
    // The second multiplier of two operands is in the record, a normalisation's are among its parameters.
    const count = layer.op === 'normalize' ? 0 : 'inputB' in layer ? 1 : layer.mult.length
    offsets.mult = blob(words(layer.mult.subarray(0, count)))
    offsets.shift = blob(() => blobs.raw(layer.shift))
  }
  return offsets
}

/** The weights as the board's kernel reads them. */
export function weightBytes(
  layer: Extract<IntegerLayer, { weights: Int8Array }>,
  planned: Pick<PlanLayer, 'weightLayout'>
): Uint8Array {
  if (layer.op === 'depthwiseConv2d') return new Uint8Array(layer.weights)
  const outputs = layer.outputShape[2]
  return packWeights(
    planned.weightLayout,
    layer.weightBits,
    layer.weights,
    outputs,
    layer.weights.length / outputs
  )
}

function writeRecord(writer: ByteWriter, layer: IntegerLayer, planned: PlanLayer, blobs: BlobOffsets): void {
  const weighted = isWeighted(layer)
  const last = isLast(layer)
  const window = 'kernel' in layer ? layer : null
  writer
    .u8(imageOperators.indexOf(layer.op))
    .u8(layer.input.bits)
    .u8(weighted ? layer.weightBits : 0)
  writer.u8(last ? 0 : layer.outBits).u8(planned.weightLayout)
  writer.u8(flagsOf(layer))
  writer.i16('padCode' in layer ? layer.padCode : 'fill' in layer ? (layer.fill ?? 0) : 0)
  writer
    .u32(planned.inputOffsets[0] ?? 0)
    .u32(planned.inputOffsets[1] ?? 0)
    .u32(planned.outputOffset)
  // A dense layer reads its input as one vector, whatever shape it had before.
  const inputShape =
    layer.op === 'dense' ? [1, 1, layer.weights.length / layer.outputShape[2]] : layer.inputShape
  for (const side of inputShape) writer.u16(side)
  for (const side of layer.outputShape) writer.u16(side)
  for (const side of window ? [...window.kernel, ...window.stride, window.pad[0], window.pad[1]] : zeros(6)) {
    writer.u16(side)
  }
  writer.u32(blobs.weights).u32(planned.weightsBytes).u32(blobs.bias).u32(blobs.mult).u32(blobs.shift)
  writer.i32(layer.outZero).i32(layer.input.zero)
  writer.i32('inputB' in layer ? layer.inputB.zero : 0)
  writer.i32('inputB' in layer ? (layer.mult[1] ?? 0) : 0)
  writer.u32(layer.inputShape[0] * layer.inputShape[1] * layer.inputShape[2])
  writer.u32(planned.scratchOffset).u32(planned.scratchBytes)
  const [stepHeight, stepWidth] = ('dilation' in layer ? layer.dilation : undefined) ?? [1, 1]
  writer.u16(stepHeight - 1).u16(stepWidth - 1)
}

function flagsOf(layer: IntegerLayer): number {
  const isCounted = layer.op === 'avgPool' && layer.mult.length > 1
  const fills = layer.op === 'move' && layer.fill !== null
  return (
    (layer.relu ? layerFlags.relu : 0) |
    (isLast(layer) ? layerFlags.last : 0) |
    (isCounted ? layerFlags.counted : 0) |
    (fills ? layerFlags.fill : 0)
  )
}

const zeros = (count: number): number[] => new Array<number>(count).fill(0)
