import { roundHalfEven } from './constants/rounding'

/**
 * Functions of one value, as one expression: what a `table` node computes and what a table of 256 codes is filled with.
 * Definitions follow the ONNX operator documentation.
 */
export type TableFunction =
  /** The value itself. */
  | { readonly kind: 'value' }
  | {
      readonly kind: 'call'
      readonly name: TableFunctionName
      readonly parameters: readonly number[]
      readonly of: TableFunction
    }
  | {
      readonly kind: 'join'
      readonly join: 'add' | 'sub' | 'mul' | 'div'
      readonly left: TableFunction
      readonly right: TableFunction
    }

type Definition = (x: number, a: number, b: number) => number

/** ONNX functions by our name; a and b are the node's parameters. */
const definitions = {
  relu: (x) => Math.max(0, x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: (x) => Math.tanh(x),
  hardSigmoid: (x, alpha, beta) => clamp(alpha * x + beta, 0, 1),
  hardSwish: (x) => x * clamp(x / 6 + 0.5, 0, 1),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  geluTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  erf: (x) => erf(x),
  elu: (x, alpha) => (x < 0 ? alpha * (Math.exp(x) - 1) : x),
  selu: (x, alpha, gamma) => gamma * (x <= 0 ? alpha * (Math.exp(x) - 1) : x),
  celu: (x, alpha) => Math.max(0, x) + Math.min(0, alpha * (Math.exp(x / alpha) - 1)),
  softplus: (x) => (x > 30 ? x : Math.log1p(Math.exp(x))),
  softsign: (x) => x / (1 + Math.abs(x)),
  mish: (x) => x * Math.tanh(x > 30 ? x : Math.log1p(Math.exp(x))),
  exp: (x) => Math.exp(x),
  log: (x) => Math.log(x),
  sqrt: (x) => Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  leakyRelu: (x, alpha) => (x < 0 ? alpha * x : x),
  clip: (x, low, high) => Math.min(high, Math.max(low, x)),
  pow: (x, exponent) => x ** exponent,
  neg: (x) => -x,
  abs: (x) => Math.abs(x),
  floor: (x) => Math.floor(x),
  ceil: (x) => Math.ceil(x),
  /** Halves to the even neighbour. */
  round: (x) => roundHalfEven(x),
  /** Towards 0. */
  trunc: (x) => Math.trunc(x),
  sign: (x) => Math.sign(x),
  sin: (x) => Math.sin(x),
  cos: (x) => Math.cos(x),
  shrink: (x, limit, bias) => (x < -limit ? x + bias : x > limit ? x - bias : 0),
  thresholdedRelu: (x, limit) => (x > limit ? x : 0),
  /** size from 0 on, -size below. */
  bipolar: (x, size) => (x >= 0 ? size : -size),
  /** Whole numbers that wrap around behind low + size - 1, as integers of `size` values do. */
  wrap: (x, low, size) => x - size * Math.floor((x - low) / size),
  /** x * a + b. */
  affine: (x, factor, offset) => x * factor + offset
} as const satisfies Record<string, Definition>

/** Name of a function of one value that tables are made of. */
export type TableFunctionName = keyof typeof definitions

/** Returns its argument. */
export const identity: TableFunction = { kind: 'value' }

/** Returns the function `name` of the input, with its parameters. */
export function call(name: TableFunctionName, ...parameters: number[]): TableFunction {
  return { kind: 'call', name, parameters, of: identity }
}

/** The real result; what is not finite (a square root of less than 0, 1 / 0) becomes 0 or the largest float32. */
export function evaluateFunction(f: TableFunction, x: number): number {
  const y = exactFunction(f, x)
  if (Number.isNaN(y)) return 0
  return clamp(y, -maxFloat, maxFloat)
}

/** The result as IEEE gives it: NaN and infinities too. */
export function exactFunction(f: TableFunction, x: number): number {
  switch (f.kind) {
    case 'value':
      return x
    case 'call': {
      const definition: Definition = definitions[f.name]
      return definition(exactFunction(f.of, x), f.parameters[0] ?? 0, f.parameters[1] ?? 0)
    }
    case 'join': {
      const left = exactFunction(f.left, x)
      const right = exactFunction(f.right, x)
      if (f.join === 'add') return left + right
      if (f.join === 'sub') return left - right
      // A choice by a mask is a product with 0 of what is not chosen, which may be no number there.
      if (f.join === 'mul' && (left === 0 || right === 0)) return 0
      return f.join === 'mul' ? left * right : left / right
    }
  }
}

/** outer(inner(x)). */
export function compose(outer: TableFunction, inner: TableFunction): TableFunction {
  switch (outer.kind) {
    case 'value':
      return inner
    case 'call':
      return { ...outer, of: compose(outer.of, inner) }
    case 'join':
      return { ...outer, left: compose(outer.left, inner), right: compose(outer.right, inner) }
  }
}

/** The limit of min(max(0, x), limit), Infinity for a plain ReLU; null for any other function. */
export function reluCeiling(f: TableFunction): number | null {
  if (f.kind !== 'call' || f.of.kind !== 'value') return null
  if (f.name === 'relu') return Infinity
  return f.name === 'clip' && f.parameters[0] === 0 ? f.parameters[1] : null
}

/** Largest float32: stands for a limit that is not there. */
export const maxFloat = 3.4028234663852886e38

const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x))

/** Error function by its series below 2.5 and the continued fraction of erfc above; absolute error below 1e-12. */
function erf(x: number): number {
  const size = Math.abs(x)
  if (size > 6) return Math.sign(x)
  if (size < 2.5) {
    let term = x
    let sum = x
    for (let n = 1; n < 60; n++) {
      term *= -(x * x) / n
      sum += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = 0
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (size + fraction)
  const tail = Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction))
  return Math.sign(x) * (1 - tail)
}
