import { headSize, kvDim, kvHeadOf, normEpsilon, type LmConfig } from './config'
import { rotationTable, type LmLayer, type LmModel } from './checkpoint'

/** A decoder that is given one token at a time. */
export interface Decoder {
  readonly config: LmConfig
  /** Position of the next token. */
  position(): number
  /** Forgets the sequence. */
  reset(): void
  /**
   * Logits of the token after this one, in nats up to a constant; the array is written again by the next step.
   * @throws RangeError at a position or for a token that the model does not have
   */
  step(token: number): Float64Array
}

/** Tensors that a decoder passes to its observer, each with its layer (-1: outside the layers). */
export type ObservedTensor =
  | 'residual'
  | 'attentionInput'
  | 'query'
  | 'key'
  | 'value'
  | 'attentionOutput'
  | 'ffnInput'
  | 'up'
  | 'ffnOutput'
  | 'classifierInput'

/** Called with each tensor while a decoder runs; the values are written again afterwards. */
export type Observer = (tensor: ObservedTensor, layer: number, values: Float64Array) => void

/** x / rms(x) * weight */
function rmsNorm(x: Float64Array, weight: Float32Array, epsilon: number, out: Float64Array): void {
  let squares = 0
  for (const value of x) squares += value * value
  const factor = 1 / Math.sqrt(squares / x.length + epsilon)
  for (let at = 0; at < x.length; at++) out[at] = weight[at] * (factor * x[at])
}

/** out[row] = sum of weights[row][at] * x[at] */
function multiply(weights: Float32Array, x: Float64Array, out: Float64Array): void {
  for (let row = 0, from = 0; row < out.length; row++) {
    let sum = 0
    for (let at = 0; at < x.length; at++, from++) sum += weights[from] * x[at]
    out[row] = sum
  }
}

/** Buffers of one sequence. */
interface State {
  readonly x: Float64Array
  readonly normal: Float64Array
  readonly query: Float64Array
  readonly mixed: Float64Array
  readonly delta: Float64Array
  readonly gate: Float64Array
  readonly up: Float64Array
  readonly scores: Float64Array
  readonly logits: Float64Array
  /** Per layer [sequenceLength][kvDim]. */
  readonly keys: readonly Float64Array[]
  readonly values: readonly Float64Array[]
}

function createState(config: LmConfig): State {
  const zeros = (count: number): Float64Array => new Float64Array(count)
  const cache = (): Float64Array[] =>
    Array.from({ length: config.layers }, () => zeros(config.sequenceLength * kvDim(config)))
  return {
    x: zeros(config.dim),
    normal: zeros(config.dim),
    query: zeros(config.dim),
    mixed: zeros(config.dim),
    delta: zeros(config.dim),
    gate: zeros(config.hiddenDim),
    up: zeros(config.hiddenDim),
    scores: zeros(config.sequenceLength),
    logits: zeros(config.vocabulary),
    keys: cache(),
    values: cache()
  }
}

/** Returns the decoder in double precision: the reference that every integer scheme is compared with. */
export function createFloatDecoder(model: LmModel, observe?: Observer): Decoder {
  const { config } = model
  const state = createState(config)
  const rotate = rotation(config)
  const size = headSize(config)
  const epsilon = normEpsilon(config)
  let position = 0

  const attention = (layer: LmLayer, index: number): void => {
    const width = kvDim(config)
    const key = state.keys[index].subarray(position * width, (position + 1) * width)
    const value = state.values[index].subarray(position * width, (position + 1) * width)
    multiply(layer.wq, state.normal, state.query)
    multiply(layer.wk, state.normal, key)
    multiply(layer.wv, state.normal, value)
    rotate(state.query, position)
    rotate(key, position)
    observe?.('query', index, state.query)
    observe?.('key', index, key)
    observe?.('value', index, value)
    for (let head = 0; head < config.heads; head++)
      attend(state, index, head * size, kvHeadOf(config, head) * size, { position, size, width })
    observe?.('attentionOutput', index, state.mixed)
  }

  const feedForward = (layer: LmLayer, index: number): void => {
    const { gate, up } = state
    multiply(layer.w1, state.normal, gate)
    multiply(layer.w3, state.normal, up)
    observe?.('up', index, up)
    for (let at = 0; at < gate.length; at++) gate[at] = (gate[at] / (1 + Math.exp(-gate[at]))) * up[at]
    observe?.('ffnOutput', index, gate)
  }

  const addResult = (weights: Float32Array, values: Float64Array): void => {
    multiply(weights, values, state.delta)
    for (let at = 0; at < config.dim; at++) state.x[at] += state.delta[at]
    observe?.('residual', -1, state.x)
  }

  return {
    config,
    position: () => position,
    reset: () => {
      position = 0
    },
    step(token) {
      checkStep(config, position, token)
      state.x.set(model.embedding.subarray(token * config.dim, (token + 1) * config.dim))
      observe?.('residual', -1, state.x)
      for (const [index, layer] of model.layers.entries()) {
        rmsNorm(state.x, layer.attentionNorm, epsilon, state.normal)
        observe?.('attentionInput', index, state.normal)
        attention(layer, index)
        addResult(layer.wo, state.mixed)
        rmsNorm(state.x, layer.ffnNorm, epsilon, state.normal)
        observe?.('ffnInput', index, state.normal)
        feedForward(layer, index)
        addResult(layer.w2, state.gate)
      }
      rmsNorm(state.x, model.finalNorm, epsilon, state.normal)
      observe?.('classifierInput', -1, state.normal)
      multiply(model.classifier, state.normal, state.logits)
      position++
      return state.logits
    }
  }
}

/** Returns the rotation of a vector of heads by its position, in place. */
function rotation(config: LmConfig): (values: Float64Array, position: number) => void {
  const cosines = rotationTable(config, Math.cos)
  const sines = rotationTable(config, Math.sin)
  const size = headSize(config)
  return (values, position) => {
    const from = (position * size) / 2
    for (let at = 0; at < values.length; at += 2) {
      const turn = from + (at % size) / 2
      const [even, odd] = [values[at], values[at + 1]]
      values[at] = even * cosines[turn] - odd * sines[turn]
      values[at + 1] = even * sines[turn] + odd * cosines[turn]
    }
  }
}

/** Softmax of one head's scores over all positions so far, and the mean of the values it gives. */
function attend(
  { query, mixed, scores, keys, values }: State,
  layer: number,
  head: number,
  kvHead: number,
  { position, size, width }: { position: number; size: number; width: number }
): void {
  let largest = -Infinity
  for (let at = 0; at <= position; at++) {
    let score = 0
    for (let i = 0; i < size; i++) score += query[head + i] * keys[layer][at * width + kvHead + i]
    scores[at] = score / Math.sqrt(size)
    largest = Math.max(largest, scores[at])
  }
  let sum = 0
  for (let at = 0; at <= position; at++) {
    scores[at] = Math.exp(scores[at] - largest)
    sum += scores[at]
  }
  for (let i = 0; i < size; i++) {
    let mean = 0
    for (let at = 0; at <= position; at++) mean += scores[at] * values[layer][at * width + kvHead + i]
    mixed[head + i] = mean / sum
  }
}

/** Throws a RangeError when there is no such position or token. */
export function checkStep(config: LmConfig, position: number, token: number): void {
  if (position >= config.sequenceLength)
    throw new RangeError(`the sequence is full: ${config.sequenceLength} positions`)
  if (!Number.isInteger(token) || token < 0 || token >= config.vocabulary)
    throw new RangeError(`no token ${token} in a vocabulary of ${config.vocabulary}`)
}
