import type { TfliteDraft } from './tfliteDraft'
import type { TfliteStep } from './tfliteSteps'

/** Steps on single values: functions, sums and products with constants, normalisation along the last axis. */

const unary =
  (
    name: string,
    options: (draft: TfliteDraft) => Record<string, number | boolean> = () => ({})
  ): TfliteStep =>
  (draft, x) =>
    draft.add(name, [x], draft.dims(x), options(draft))

/** A function of numbers above 0 alone. */
const ofPositive =
  (name: string): TfliteStep =>
  (draft, x) => {
    const square = draft.add('SQUARE', [x], draft.dims(x))
    const above = draft.add('ADD', [square, draft.floats([], () => 0.5)], draft.dims(x), { activation: 0 })
    return draft.add(name, [above], draft.dims(x))
  }

/** EXP of numbers that stay small. */
const exponential: TfliteStep = (draft, x) => {
  const limited = draft.add('RELU6', [x], draft.dims(x))
  return draft.add('EXP', [limited], draft.dims(x))
}

const prelu: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  return dims.length === 4 ? draft.add('PRELU', [x, draft.floats([1, 1, dims[3]!])], dims) : null
}

/** The other operand: a constant of one side, of some sides, of all, or the value itself. */
function operand(draft: TfliteDraft, x: number, make: () => number): number {
  const dims = draft.dims(x)
  const form = draft.side(0, 3)
  if (form === 0) return draft.floats([], make)
  if (form === 1) return draft.floats([dims.at(-1)!], make)
  if (form === 2) return draft.floats(dims, make)
  return draft.floats(
    dims.map((side, axis) => (axis > 0 && draft.chance(0.5) ? side : 1)),
    make
  )
}

const binary =
  (name: string, isActivated = false): TfliteStep =>
  (draft, x) => {
    // Divisors lie between 0.5 and 1.5, of either sign.
    const divisor = () => (0.5 + draft.random.next()) * draft.pick([1, -1])
    const other = operand(draft, x, name === 'DIV' ? divisor : () => draft.random.normal())
    const isTurned = name !== 'DIV' && draft.chance(0.3)
    const inputs = isTurned ? [other, x] : [x, other]
    return draft.add(name, inputs, draft.dims(x), isActivated ? { activation: draft.activation() } : {})
  }

const power: TfliteStep = (draft, x) => {
  const absolute = draft.add('ABS', [x], draft.dims(x))
  const exponent = draft.pick([0.5, 1.5, 2, 3])
  return draft.add('POW', [absolute, draft.floats([], () => exponent)], draft.dims(x))
}

const sumOfSeveral: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  return draft.add('ADD_N', [x, draft.floats(dims), x], dims)
}

/** Steps by the operator that they add last. */
export const valueSteps: Readonly<Record<string, TfliteStep>> = {
  ADD: binary('ADD', true),
  SUB: binary('SUB', true),
  MUL: binary('MUL', true),
  DIV: binary('DIV', true),
  MAXIMUM: binary('MAXIMUM'),
  MINIMUM: binary('MINIMUM'),
  SQUARED_DIFFERENCE: binary('SQUARED_DIFFERENCE'),
  POW: power,
  ADD_N: sumOfSeveral,
  RELU: unary('RELU'),
  RELU6: unary('RELU6'),
  RELU_N1_TO_1: unary('RELU_N1_TO_1'),
  RELU_0_TO_1: unary('RELU_0_TO_1'),
  LOGISTIC: unary('LOGISTIC'),
  TANH: unary('TANH'),
  ELU: unary('ELU'),
  HARD_SWISH: unary('HARD_SWISH'),
  LEAKY_RELU: unary('LEAKY_RELU', (draft) => ({ alpha: draft.random.next() })),
  GELU: unary('GELU', (draft) => ({ approximate: draft.chance(0.5) })),
  PRELU: prelu,
  EXP: exponential,
  LOG: ofPositive('LOG'),
  SQRT: ofPositive('SQRT'),
  RSQRT: ofPositive('RSQRT'),
  SQUARE: unary('SQUARE'),
  NEG: unary('NEG'),
  ABS: unary('ABS'),
  FLOOR: unary('FLOOR'),
  CEIL: unary('CEIL'),
  ROUND: unary('ROUND'),
  SIGN: unary('SIGN'),
  SIN: unary('SIN'),
  COS: unary('COS'),
  SOFTMAX: unary('SOFTMAX', (draft) => ({ beta: draft.pick([1, 0.5, 2]) })),
  LOG_SOFTMAX: unary('LOG_SOFTMAX'),
  L2_NORMALIZATION: unary('L2_NORMALIZATION', () => ({ activation: 0 }))
}
