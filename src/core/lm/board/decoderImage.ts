import { AppError } from '../../../shared/errors'
import { ByteWriter } from '../../binary/bytes'
import { alignUp } from '../../deploy/planner'
import { packWeights } from '../../quant/packing'
import { kvDim, matrixNames } from '../config'
import { logistic, partExponents, wholeExponents } from '../integer/lmTables'
import type { Factors, QuantizedLm, QuantizedLmLayer, QuantizedMatrix } from '../integer/quantizedLm'

/** How a board's kernels for a pair of bits keep weights, and what they need beside them. */
export interface PairLayout {
  readonly weightLayout: number
  /** Scratch bytes of m outputs over k inputs. */
  scratchBytes(m: number, k: number): number
}

/** Looks up the kernel of (activation bits, weight bits). @throws AppError board.unsupportedKernel */
export type FindPair = (activationBits: number, weightBits: number) => PairLayout

/** What a decoder takes of a board's memory, in bytes. */
export interface DecoderMemory {
  /** Packed weights of all matrices. */
  readonly weightBytes: number
  /** Header, factors and tables. */
  readonly tableBytes: number
  /** Keys and values of all positions. */
  readonly cacheBytes: number
  /** Activations, sums and scratch. */
  readonly workBytes: number
  /** Image and state together. */
  readonly blockBytes: number
}

/** A decoder ready for a board: what is sent, and what lies where in the block (resources/firmware/decoder/decoder.h). */
export interface DecoderImage {
  readonly bytes: Uint8Array
  readonly memory: DecoderMemory
  /** Offset of the logits, int32 in 1/65536 nat, after a step. */
  readonly logitsOffset: number
  /** Offset of the cycles of each part: uint32 [layers + 1][parts]. */
  readonly countersOffset: number
}

/** Parts of a step that are counted by themselves; the last is embedding, classifier and the choice of the token. */
export const decoderParts = ['norm', 'qkv', 'rotate', 'attention', 'output', 'gate', 'down', 'rest'] as const

/** Of the block and of everything in it, in bytes. */
export const blockAlignment = 16

const magic = 0x4d4c4242
const version = 1
const headerBytes = 4 * (12 + 2 + 4 + 1 + 13) + 8 + 2 * 24
const layerBytes = 5 * 8 + matrixNames.length * 24

/** Writes blobs behind a fixed head and remembers where they lie. */
function createBlobs(from: number): { put(bytes: Uint8Array): number; bytes(): Uint8Array } {
  const writer = new ByteWriter(1 << 16)
  return {
    put(bytes) {
      writer.align(blockAlignment)
      const at = from + writer.length
      writer.raw(bytes)
      return at
    },
    bytes: () => writer.align(blockAlignment).done()
  }
}

const bytesOf = (values: Int16Array | Int32Array | Uint16Array): Uint8Array => {
  const writer = new ByteWriter(values.byteLength)
  for (const value of values) {
    if (values.BYTES_PER_ELEMENT === 4) writer.i32(value)
    else writer.u16(value & 0xffff)
  }
  return writer.done()
}

/** Lays a quantized decoder out for a board's kernels. @throws AppError board.unsupportedKernel */
export function buildDecoderImage(lm: QuantizedLm, findPair: FindPair): DecoderImage {
  const { config } = lm
  const headBytes = alignUp(headerBytes + layerBytes * config.layers, blockAlignment)
  const blobs = createBlobs(headBytes)
  const packed = new Map<Int8Array, number>()
  let weightBytes = 0
  const factors = (writer: ByteWriter, { mult, shift }: Factors): void => {
    writer.u32(blobs.put(bytesOf(mult))).u32(blobs.put(shift))
  }
  const matrix = (writer: ByteWriter, m: QuantizedMatrix): void => {
    const { weightLayout } = findPair(m.activationBits, m.weightBits)
    let at = packed.get(m.codes)
    if (at === undefined) {
      const weights = packWeights(weightLayout, m.weightBits, m.codes, m.rows, m.columns)
      weightBytes += weights.length
      packed.set(m.codes, (at = blobs.put(weights)))
    }
    writer.u32(at)
    factors(writer, m)
    writer.u32(m.rows).u32(m.columns).u8(m.weightBits).u8(m.activationBits).u8(weightLayout).u8(0)
  }
  const records = new ByteWriter(layerBytes * config.layers)
  for (const layer of lm.layers) {
    for (const each of [layer.attentionNorm, layer.ffnNorm, layer.score, layer.mean, layer.hidden])
      factors(records, each)
    for (const name of matrixNames) matrix(records, layer[name])
  }
  const rest = new ByteWriter(64)
  factors(rest, lm.finalNorm)
  matrix(rest, lm.embedding)
  matrix(rest, lm.classifier)
  const tables = [bytesOf(lm.rotation), ...[wholeExponents, partExponents, logistic].map(bytesOf)].map(
    blobs.put
  )
  const body = blobs.bytes()
  const imageBytes = headBytes + body.length
  const state = planState(lm, imageBytes, findPair)
  const head = new ByteWriter(headBytes)
  for (const word of [magic, version, imageBytes, state.blockBytes]) head.u32(word)
  for (const word of [config.dim, config.hiddenDim, config.layers, config.heads, config.kvHeads])
    head.u32(word)
  head.u32(config.vocabulary).u32(config.sequenceLength).u32(lm.scheme.cacheBits)
  head.u32(lm.epsilon % 2 ** 32).u32(Math.floor(lm.epsilon / 2 ** 32))
  for (const at of tables) head.u32(at)
  head.u32(headerBytes)
  for (const word of state.words) head.u32(word)
  head.raw(rest.done()).raw(records.done()).align(blockAlignment)
  const bytes = new Uint8Array(imageBytes)
  bytes.set(head.done())
  bytes.set(body, headBytes)
  const { cacheBytes, workBytes, blockBytes } = state
  return {
    bytes,
    memory: { weightBytes, tableBytes: imageBytes - weightBytes, cacheBytes, workBytes, blockBytes },
    logitsOffset: state.offsets.sums,
    countersOffset: state.offsets.counters
  }
}

/** Bytes of the keys (or the values) of one layer at one position. */
const cacheRowBytes = ({ config, scheme }: QuantizedLm): number => (kvDim(config) * scheme.cacheBits) / 8

function planState(lm: QuantizedLm, from: number, findPair: FindPair) {
  const { config } = lm
  const matrices = [lm.classifier, lm.embedding, ...lm.layers.flatMap(matricesOf)]
  const scratchBytes = Math.max(
    ...matrices.map(({ activationBits, weightBits, rows, columns }) =>
      findPair(activationBits, weightBits).scratchBytes(rows, columns)
    )
  )
  const oneCache = config.layers * config.sequenceLength * cacheRowBytes(lm)
  const sizes = {
    x: 4 * config.dim,
    normal: config.dim,
    query: config.dim,
    mixed: config.dim,
    gate: 4 * config.hiddenDim,
    gated: config.hiddenDim,
    weights: 4 * config.sequenceLength,
    sums: 4 * Math.max(config.vocabulary, config.hiddenDim, config.dim),
    scratch: scratchBytes,
    keys: oneCache,
    values: oneCache,
    counters: 4 * decoderParts.length * (config.layers + 1)
  }
  const offsets = {} as Record<keyof typeof sizes, number>
  let at = alignUp(from, blockAlignment)
  for (const [name, size] of Object.entries(sizes)) {
    offsets[name as keyof typeof sizes] = at
    at += alignUp(size, blockAlignment)
  }
  const { x, normal, query, mixed, gate, gated, weights, sums, scratch, keys, values, counters } = offsets
  return {
    offsets,
    words: [
      x,
      normal,
      query,
      mixed,
      gate,
      gated,
      weights,
      sums,
      scratch,
      scratchBytes,
      keys,
      values,
      counters
    ],
    cacheBytes: 2 * oneCache,
    workBytes: at - from - 2 * oneCache,
    blockBytes: at
  }
}

const matricesOf = (layer: QuantizedLmLayer): QuantizedMatrix[] => matrixNames.map((name) => layer[name])

/** Reasons of resources/firmware/decoder/decoder.h in words. */
const reasons: Readonly<Record<number, string>> = {
  1: 'there is no decoder at that address',
  2: 'the decoder image is of another version',
  3: 'an offset lies outside the decoder block',
  4: 'the sizes do not fit together',
  5: 'the weights are packed for other kernels',
  6: 'the scratch is too small for its kernels',
  7: 'there is no such token',
  8: 'the sequence is full'
}

/**
 * The token that a call of the decoder program returned.
 * @throws AppError board.refused with the reason in words, board.protocol for a token that the model does not have
 */
export function returnedToken(returned: number, vocabulary: number): number {
  const value = returned >>> 0
  if (value < vocabulary) return value
  if (value < 0xffffff00)
    throw new AppError(
      'board.protocol',
      `The decoder on the board returned token ${value} of a vocabulary of ${vocabulary}.`,
      'Its memory may have been overwritten: deploy the model again.'
    )
  throw new AppError(
    'board.refused',
    `The decoder on the board refuses: ${reasons[value & 0xff] ?? `reason ${value & 0xff}`}.`,
    'Deploy the model again; program and image must be of the same Bitbench.'
  )
}
