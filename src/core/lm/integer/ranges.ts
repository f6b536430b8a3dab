import { AppError } from '../../../shared/errors'
import { weightScale } from '../../quant/quantize/weightQuantizer'
import type { LmModel } from '../checkpoint'
import { headSize, kvDim } from '../config'
import { createFloatDecoder, type ObservedTensor } from '../floatDecoder'

/** Values and extremes of a float decoder's tensors over the calibration texts. */
export interface LmRanges {
  /** Largest magnitude in the residual. */
  readonly residual: number
  /** Values of a tensor of a layer (-1: the classifier's input), a row per kept token. */
  values(tensor: ObservedTensor, layer: number): Float64Array
  /** Largest magnitude of a tensor of a layer over all tokens. */
  largest(tensor: ObservedTensor, layer: number): number
  /** Mean square of each of its channels over the kept tokens. */
  meanSquares(tensor: ObservedTensor, layer: number): Float64Array
}

/** Tokens whose values are kept for the choice of scales; extremes are taken from all. */
const keptTokens = 192

/** Width of an observed tensor. */
function widthOf(model: LmModel, tensor: ObservedTensor): number {
  const { config } = model
  if (tensor === 'key' || tensor === 'value') return kvDim(config)
  return tensor === 'up' || tensor === 'ffnOutput' ? config.hiddenDim : config.dim
}

/**
 * Runs the float decoder over documents and keeps what scales are chosen by.
 * @param documents tokens of each, the begin marker first
 * @param maxTokens stops after so many
 * @throws AppError data.missing without a token; model.invalid where values are infinite or NaN
 */
export function observeRanges(
  model: LmModel,
  documents: readonly (readonly number[])[],
  maxTokens: number
): LmRanges {
  const total = Math.min(
    maxTokens,
    documents.reduce((sum, tokens) => sum + Math.min(tokens.length, model.config.sequenceLength), 0)
  )
  if (total < 1)
    throw new AppError(
      'data.missing',
      'There is no text to calibrate with.',
      'Give a text file with at least one document a line.'
    )
  const every = Math.max(1, Math.ceil(total / keptTokens))
  const rows = Math.ceil(total / every)
  const kept = new Map<string, Float64Array>()
  const largest = new Map<string, number>()
  let step = 0
  const keyOf = (tensor: ObservedTensor, layer: number): string => `${layer} ${tensor}`
  const decoder = createFloatDecoder(model, (tensor, layer, values) => {
    const key = keyOf(tensor, layer)
    let most = largest.get(key) ?? 0
    for (const value of values) most = Math.max(most, Math.abs(value))
    if (!Number.isFinite(most)) throw notFinite(tensor, layer, step)
    largest.set(key, most)
    if (tensor === 'residual' || step % every !== 0) return
    const width = widthOf(model, tensor)
    let all = kept.get(key)
    if (all === undefined) kept.set(key, (all = new Float64Array(rows * width)))
    all.set(values, (step / every) * width)
  })
  for (const tokens of documents) {
    decoder.reset()
    for (const token of tokens.slice(0, model.config.sequenceLength)) {
      if (step === total) break
      decoder.step(token)
      step++
    }
  }
  const values = (tensor: ObservedTensor, layer: number): Float64Array =>
    kept.get(keyOf(tensor, layer)) ?? new Float64Array()
  return {
    residual: largest.get(keyOf('residual', -1)) ?? 0,
    values,
    largest: (tensor, layer) => largest.get(keyOf(tensor, layer)) ?? 0,
    meanSquares: (tensor, layer) => meanSquares(values(tensor, layer), widthOf(model, tensor))
  }
}

function notFinite(tensor: ObservedTensor, layer: number, step: number): AppError {
  const place = layer < 0 ? '' : ` of layer ${layer}`
  return new AppError(
    'model.invalid',
    `The values "${tensor}"${place} are infinite or not numbers (NaN) at calibration token ${step + 1}.`,
    'Export the model again from a training run that did not diverge.'
  )
}

function meanSquares(values: Float64Array, width: number): Float64Array {
  const means = new Float64Array(width)
  const rows = values.length / width
  for (let at = 0; at < values.length; at++) means[at % width] += values[at] ** 2 / rows
  return means
}

/** Scale of codes that keeps the squared error of the values small. */
export function activationScale(values: Float64Array, bits: 8 | 4): number {
  return weightScale(values, bits, null)
}

/** The values of one head of `size` out of rows of `width`. */
export function headValues(values: Float64Array, width: number, head: number, size: number): Float64Array {
  const rows = values.length / width
  const out = new Float64Array(rows * size)
  for (let row = 0; row < rows; row++)
    out.set(values.subarray(row * width + head * size, row * width + (head + 1) * size), row * size)
  return out
}

/** Scale per head of keys, queries or values. */
export function headScales(
  model: LmModel,
  ranges: LmRanges,
  tensor: 'query' | 'key' | 'value',
  layer: number,
  bits: 8 | 4
): number[] {
  const { config } = model
  const size = headSize(config)
  const heads = tensor === 'query' ? config.heads : config.kvHeads
  const values = ranges.values(tensor, layer)
  return Array.from({ length: heads }, (_, head) =>
    activationScale(headValues(values, heads * size, head, size), bits)
  )
}
