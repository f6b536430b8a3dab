import { AppError } from '../../shared/errors'
import { checkDecoderConfig, headSize, matrixShape, type LmConfig, type MatrixName } from './config'

/** The trained values of one layer; matrices [rows][columns]. */
export type LmLayer = Readonly<Record<MatrixName | 'attentionNorm' | 'ffnNorm', Float32Array>>

/** A decoder with its trained values. */
export interface LmModel {
  readonly config: LmConfig
  /** [vocabulary][dim] */
  readonly embedding: Float32Array
  readonly layers: readonly LmLayer[]
  readonly finalNorm: Float32Array
  /** [vocabulary][dim]; the embedding itself where they are tied. */
  readonly classifier: Float32Array
}

const headerInts = 7
/** First word of the later formats of llama2.c. */
const laterMagic = 0x616b3432

/** Tensors of a layer as they follow each other in the file, each for all layers at once. */
const layerOrder = ['attentionNorm', 'wq', 'wk', 'wv', 'wo', 'ffnNorm', 'w1', 'w2', 'w3'] as const

const tensorSize = (config: LmConfig, name: (typeof layerOrder)[number]): number => {
  if (name === 'attentionNorm' || name === 'ffnNorm') return config.dim
  const { rows, columns } = matrixShape(config, name)
  return rows * columns
}

/** Unused values behind the final norm: tables of cosines and sines of older versions. */
const unusedValues = (config: LmConfig): number => config.sequenceLength * headSize(config)

/** Values of a whole file of this configuration, without the header. */
function valueCount(config: LmConfig): number {
  const layer = layerOrder.reduce((sum, name) => sum + tensorSize(config, name), 0)
  const table = config.vocabulary * config.dim
  return table + config.layers * layer + config.dim + unusedValues(config) + (config.tied ? 0 : table)
}

/** Bytes of the checkpoint of this configuration. */
export const checkpointBytes = (config: LmConfig): number => 4 * (headerInts + valueCount(config))

/**
 * Reads a checkpoint of llama2.c (docs/language-models.md).
 * @throws AppError model.invalid for sizes that describe no decoder, a file of another length, or values that are not finite
 */
export function readCheckpoint(bytes: Uint8Array): LmModel {
  const config = readHeader(bytes)
  const expected = checkpointBytes(config)
  if (bytes.length !== expected)
    throw invalid(
      `The checkpoint has ${bytes.length} bytes; one of its sizes has ${expected}`,
      'The file may be cut off, or be of another format: export it again as float32 (version 0 of llama2.c).'
    )
  const values = new Float32Array(new Uint8Array(bytes.subarray(4 * headerInts)).buffer)
  let at = 0
  const take = (count: number): Float32Array => values.subarray(at, (at += count))
  const table = config.vocabulary * config.dim
  const embedding = take(table)
  const tensors = layerOrder.map((name) => {
    const size = tensorSize(config, name)
    return Array.from({ length: config.layers }, () => take(size))
  })
  const layers = Array.from({ length: config.layers }, (_, layer) =>
    Object.fromEntries(layerOrder.map((name, tensor) => [name, tensors[tensor][layer]]))
  ) as unknown as LmLayer[]
  const finalNorm = take(config.dim)
  take(unusedValues(config))
  const classifier = config.tied ? embedding : take(table)
  const model = { config, embedding, layers, finalNorm, classifier }
  checkFinite(model)
  return model
}

/** Whether a file of this many bytes that begins so is a checkpoint: its length follows from its header. */
export function isCheckpoint(bytes: Uint8Array, sizeBytes: number): boolean {
  try {
    return checkpointBytes(readHeader(bytes)) === sizeBytes
  } catch {
    return false
  }
}

function readHeader(bytes: Uint8Array): LmConfig {
  if (bytes.length < 4 * headerInts)
    throw invalid(
      `The checkpoint has ${bytes.length} bytes, its header alone has ${4 * headerInts}`,
      'Give the .bin file of the model, whole.'
    )
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) === laterMagic)
    throw invalid(
      `The checkpoint is of version ${view.getInt32(4, true)} of llama2.c's format; version 0 is read`,
      'Export it as float32: python3 export.py MODEL.bin --version 0 …'
    )
  const [dim, hiddenDim, layers, heads, kvHeads, signed, sequenceLength] = Array.from(
    { length: headerInts },
    (_, index) => view.getInt32(4 * index, true)
  )
  const config = {
    dim,
    hiddenDim,
    layers,
    heads,
    kvHeads,
    vocabulary: Math.abs(signed),
    sequenceLength,
    tied: signed > 0
  }
  checkDecoderConfig(config)
  return config
}

/** Checks all weights of a model. @throws AppError model.invalid for a value that is no number */
export function checkFinite(model: LmModel): void {
  const named: [string, Float32Array][] = [
    ['the embedding', model.embedding],
    ['the final norm', model.finalNorm],
    ['the classifier', model.classifier],
    ...model.layers.flatMap((layer, index) =>
      layerOrder.map((name): [string, Float32Array] => [`${name} of layer ${index}`, layer[name]])
    )
  ]
  for (const [name, values] of named) {
    if (values.every(Number.isFinite)) continue
    throw invalid(
      `The model has a value in ${name} that is not a finite number`,
      'The training may have diverged: give an earlier checkpoint.'
    )
  }
}

/** The checkpoint of a model; the unused tables are written as the cosines and sines they once were. */
export function writeCheckpoint(model: LmModel): Uint8Array {
  const { config } = model
  const bytes = new Uint8Array(checkpointBytes(config))
  const view = new DataView(bytes.buffer)
  const { dim, hiddenDim, layers, heads, kvHeads, vocabulary, sequenceLength, tied } = config
  const header = [dim, hiddenDim, layers, heads, kvHeads, tied ? vocabulary : -vocabulary, sequenceLength]
  for (const [index, value] of header.entries()) view.setInt32(4 * index, value, true)
  let at = 4 * headerInts
  const put = (values: ArrayLike<number>): void => {
    for (let index = 0; index < values.length; index++, at += 4) view.setFloat32(at, values[index], true)
  }
  put(model.embedding)
  for (const name of layerOrder) for (const layer of model.layers) put(layer[name])
  put(model.finalNorm)
  for (const turn of [Math.cos, Math.sin]) put(rotationTable(config, turn))
  if (!tied) put(model.classifier)
  return bytes
}

/** `turn` of position times frequency, [sequenceLength][headSize / 2]. */
export function rotationTable(config: LmConfig, turn: (angle: number) => number): Float64Array {
  const size = headSize(config)
  const table = new Float64Array((config.sequenceLength * size) / 2)
  for (let position = 0, at = 0; position < config.sequenceLength; position++)
    for (let pair = 0; pair < size; pair += 2, at++) {
      const own = config.angles?.[pair / 2]
      table[at] = turn(own === undefined ? position / 10000 ** (pair / size) : position * own)
    }
  return table
}

const invalid = (what: string, hint: string): AppError => new AppError('model.invalid', `${what}.`, hint)
