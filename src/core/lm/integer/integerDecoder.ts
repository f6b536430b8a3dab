import { scaledRoot } from '../../quant/integer/integerOperators'
import { codeRange } from '../../quant/quantizedNetwork'
import { turnPairs } from '../../quant/integer/rope'
import { checkStep, type Decoder } from '../floatDecoder'
import { headSize, kvHeadOf } from '../config'
import { logistic, partExponents, wholeExponents } from './lmTables'
import type { Factors, QuantizedLm, QuantizedLmLayer, QuantizedMatrix } from './quantizedLm'

/**
 * The integer reference of a decoder: what resources/firmware/decoder computes, bit for bit (docs/arithmetic.md "Decoder").
 * Every intermediate is an integer below 2^53.
 */

/** floor(value * mult / 2^shift + 1/2) */
const scaled = (value: number, { mult, shift }: Factors, at: number): number =>
  Math.floor((value * mult[at] + 2 ** (shift[at] - 1)) / 2 ** shift[at])

const clamp = (value: number, low: number, high: number): number =>
  value < low ? low : value > high ? high : value

const clamp16 = (value: number): number => clamp(value, -32768, 32767)

function toCodes(bits: 8 | 4): (value: number) => number {
  const { low, high } = codeRange(bits)
  return (value) => clamp(value, low, high)
}

const code8 = toCodes(8)
const code4 = toCodes(4)
const coder = (bits: 8 | 4): ((value: number) => number) => (bits === 8 ? code8 : code4)

/** Sum of row `row` of codes times `x`. */
function rowSum({ codes, columns }: QuantizedMatrix, x: Int8Array, row: number): number {
  let sum = 0
  const from = row * columns
  for (let at = 0; at < columns; at++) sum += codes[from + at] * x[at]
  return sum
}

/** Calls `use` with each row's sum in the units of its factor. */
function product(matrix: QuantizedMatrix, x: Int8Array, use: (row: number, value: number) => void): void {
  for (let row = 0; row < matrix.rows; row++) use(row, scaled(rowSum(matrix, x, row), matrix, row))
}

/** 1 / sqrt(V) as `inverse` * 2^(doublings - 61), of V = sum of squares plus epsilon. */
export function inverseRoot(total: number): { inverse: number; doublings: number } {
  const { root, doublings } = scaledRoot(total)
  if (root === 0) return { inverse: 0, doublings }
  const inverse = (1n << 61n) / BigInt(root)
  return { inverse: Math.min(Number(inverse), 2 ** 31 - 1), doublings }
}

/** Root mean square norm of the residual, as codes. */
function norm(x: Int32Array, epsilon: number, factors: Factors, bits: 8 | 4, out: Int8Array): void {
  let squares = epsilon
  for (const value of x) squares += value * value
  const { inverse, doublings } = inverseRoot(squares)
  const divisor = 2 ** (41 - doublings)
  const code = coder(bits)
  for (let at = 0; at < x.length; at++) {
    const normal = Math.floor((x[at] * inverse) / divisor)
    out[at] = code(scaled(normal, factors, at))
  }
}

/** exp(-distance / 256) in 1/8192. */
export function exponent(distance: number): number {
  const capped = Math.min(distance, 4095)
  return (wholeExponents[capped >> 8] * partExponents[capped & 255] + 65536) >>> 17
}

/** A decoder whose step can be made in parts, so that a process does other work in between. */
export interface IntegerDecoder extends Decoder {
  /** As `step`; gives way behind each product with a matrix. */
  stepInParts(token: number): Generator<void, Float64Array, void>
}

/** Returns the integer decoder of a quantized model. */
export function createIntegerDecoder(lm: QuantizedLm): IntegerDecoder {
  const { config } = lm
  const state = createState(lm)

  function* stepInParts(token: number): Generator<void, Float64Array, void> {
    const { x, normal, logits } = state
    checkStep(config, state.position, token)
    const { codes } = lm.embedding
    for (let at = 0; at < config.dim; at++)
      x[at] = clamp16(scaled(codes[token * config.dim + at], lm.embedding, token))
    for (const [index, layer] of lm.layers.entries()) {
      yield* attention(lm, state, layer, index)
      yield* feedForward(lm, state, layer)
    }
    norm(x, lm.epsilon, lm.finalNorm, lm.classifier.activationBits, normal)
    product(lm.classifier, normal, (row, value) => {
      logits[row] = clamp(value, -(2 ** 31), 2 ** 31 - 1) / 65536
    })
    state.position++
    return logits
  }

  return {
    config,
    position: () => state.position,
    reset: () => {
      state.position = 0
    },
    stepInParts,
    step(token) {
      const parts = stepInParts(token)
      for (;;) {
        const { done, value } = parts.next()
        if (done === true) return value
      }
    }
  }
}

/** Buffers of one step, and the keys and values of the steps before it. */
type DecoderState = ReturnType<typeof createState>

function createState({ config, layers, scheme }: QuantizedLm) {
  const size = headSize(config)
  const length = config.sequenceLength
  /** Per layer [kvHead][position][headSize]. */
  const cache = (): Int8Array[] => layers.map(() => new Int8Array(config.kvHeads * length * size))
  return {
    size,
    length,
    x: new Int32Array(config.dim),
    normal: new Int8Array(config.dim),
    turned: new Int32Array(config.dim),
    query: new Int8Array(config.dim),
    mixed: new Int8Array(config.dim),
    gate: new Int32Array(config.hiddenDim),
    hidden: new Int8Array(config.hiddenDim),
    weights: new Int32Array(length),
    logits: new Float64Array(config.vocabulary),
    cacheCode: coder(scheme.cacheBits),
    keys: cache(),
    values: cache(),
    position: 0
  }
}

/** Codes of the turned values, turned on to the position. */
function rotate(
  { rotation }: QuantizedLm,
  { turned, size, position }: DecoderState,
  count: number,
  code: (value: number) => number,
  put: (at: number, code: number) => void
): void {
  const turns = rotation.subarray(position * size, (position + 1) * size)
  turnPairs(turned, count, turns, (at, value) => put(at, code(value)))
}

/** One head: `mixed` becomes the mean of its values, weighted by the softmax of its scores. */
function attend(
  { config }: QuantizedLm,
  state: DecoderState,
  layer: QuantizedLmLayer,
  index: number,
  head: number
): void {
  const { query, weights, mixed, size, length, position } = state
  const [keys, values] = [state.keys[index], state.values[index]]
  const from = kvHeadOf(config, head) * length * size
  let largest = -Infinity
  for (let at = 0; at <= position; at++) {
    let sum = 0
    for (let i = 0; i < size; i++) sum += query[head * size + i] * keys[from + at * size + i]
    weights[at] = sum
    largest = Math.max(largest, sum)
  }
  let total = 0
  for (let at = 0; at <= position; at++) {
    weights[at] = exponent(scaled(largest - weights[at], layer.score, head))
    total += weights[at]
  }
  const inverse = Math.floor(2 ** 36 / total)
  const code = coder(layer.wo.activationBits)
  for (let i = 0; i < size; i++) {
    let sum = 0
    for (let at = 0; at <= position; at++) sum += weights[at] * values[from + at * size + i]
    const mean = Math.floor((sum * inverse + 2 ** 23) / 2 ** 24)
    mixed[head * size + i] = code(scaled(mean, layer.mean, head))
  }
}

function* attention(
  lm: QuantizedLm,
  state: DecoderState,
  layer: QuantizedLmLayer,
  index: number
): Generator<void, void> {
  const { config } = lm
  const { x, normal, turned, query, cacheCode, size, length, position } = state
  const [keys, values] = [state.keys[index], state.values[index]]
  const place = (at: number): number => (Math.floor(at / size) * length + position) * size + (at % size)
  const turn = (row: number, value: number): void => {
    turned[row] = clamp16(value)
  }
  norm(x, lm.epsilon, layer.attentionNorm, layer.wq.activationBits, normal)
  product(layer.wq, normal, turn)
  yield
  rotate(lm, state, config.dim, code8, (at, code) => (query[at] = code))
  product(layer.wk, normal, turn)
  yield
  rotate(lm, state, layer.wk.rows, cacheCode, (at, code) => (keys[place(at)] = code))
  product(layer.wv, normal, (row, value) => (values[place(row)] = cacheCode(value)))
  yield
  for (let head = 0; head < config.heads; head++) attend(lm, state, layer, index, head)
  yield
  product(layer.wo, state.mixed, (row, value) => addTo(x, row, value))
  yield
}

function* feedForward(
  lm: QuantizedLm,
  { x, normal, gate, hidden }: DecoderState,
  layer: QuantizedLmLayer
): Generator<void, void> {
  norm(x, lm.epsilon, layer.ffnNorm, layer.w1.activationBits, normal)
  product(layer.w1, normal, (row, value) => {
    const input = clamp16(value)
    gate[row] = (input * logistic[clamp(input >> 2, -512, 511) + 512] + 16384) >> 15
  })
  yield
  const code = coder(layer.w2.activationBits)
  product(layer.w3, normal, (row, value) => {
    hidden[row] = code(scaled(gate[row] * clamp16(value), layer.hidden, 0))
  })
  yield
  product(layer.w2, hidden, (row, value) => addTo(x, row, value))
  yield
}

function addTo(x: Int32Array, row: number, value: number): void {
  x[row] = clamp16(x[row] + value)
}
