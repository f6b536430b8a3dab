import type { OnnxBuilder } from '../onnx/onnxBuilder'

/**
 * How a gradient moves a parameter.
 * momentum: SGD, m' = momentum * m + gradient + decay * p, p' = p - rate * m'; decay on weights only.
 * adam: Kingma and Ba (arXiv 1412.6980), m' and v' the decaying means of the gradient and of its square,
 * p' = p - rate * unit * m' / (sqrt(v') + epsilon), with the corrections of the first steps in the rate (`rateFactor`).
 */
export type Optimizer =
  | { readonly kind: 'momentum'; readonly momentum: number; readonly decay: number }
  | { readonly kind: 'adam'; readonly first: number; readonly second: number; readonly epsilon: number }

/** What an optimizer keeps between steps for every parameter: prefixes of the names of its tensors, all of them 0 at first. */
export function optimizerStates(optimizer: Optimizer): readonly string[] {
  return optimizer.kind === 'adam' ? ['m', 'v'] : ['m']
}

/** What the rate of step 0, 1, … is multiplied by: Adam's means start at 0 and are too small in the first steps. */
export function rateFactor(optimizer: Optimizer, step: number): number {
  if (optimizer.kind !== 'adam') return 1
  return Math.sqrt(1 - optimizer.second ** (step + 1)) / (1 - optimizer.first ** (step + 1))
}

/** Values of a training graph that are moved together: names of them, of their gradients and states (`optimizerStates`). */
export interface UpdateSite {
  readonly value: string
  readonly gradient: string
  readonly states: readonly string[]
  readonly rate: string
  /** By value: 1 where momentum SGD's decay pulls it to 0, else 0. */
  readonly decayed: Float32Array
  /** By value: what Adam's rate is multiplied by. */
  readonly units: Float32Array
}

/** Emits one update; returns the names of the new value and states. */
export function emitUpdate(
  builder: OnnxBuilder,
  optimizer: Optimizer,
  site: UpdateSite
): { value: string; states: readonly string[] } {
  return optimizer.kind === 'adam'
    ? emitAdam(builder, optimizer, site)
    : emitMomentum(builder, optimizer, site)
}

function emitMomentum(
  builder: OnnxBuilder,
  { momentum, decay }: Extract<Optimizer, { kind: 'momentum' }>,
  { value, gradient, states, rate, decayed: share }: UpdateSite
): { value: string; states: readonly string[] } {
  const pull = byValue(
    builder,
    share.map((one) => one * decay)
  )
  const decayed = decay > 0 ? builder.node('Add', [gradient, builder.node('Mul', [value, pull])]) : gradient
  const next = builder.node('Add', [builder.node('Mul', [states[0], builder.scalar(momentum)]), decayed])
  return { value: builder.node('Sub', [value, builder.node('Mul', [next, rate])]), states: [next] }
}

function emitAdam(
  builder: OnnxBuilder,
  { first, second, epsilon }: Extract<Optimizer, { kind: 'adam' }>,
  { value, gradient, states, rate, units }: UpdateSite
): { value: string; states: readonly string[] } {
  const mean = decayingMean(builder, states[0], gradient, first)
  const square = decayingMean(builder, states[1], builder.node('Mul', [gradient, gradient]), second)
  const spread = builder.node('Add', [builder.node('Sqrt', [square]), builder.scalar(epsilon)])
  const length = builder.node('Mul', [rate, byValue(builder, units)])
  const step = builder.node('Mul', [builder.node('Div', [mean, spread]), length])
  return { value: builder.node('Sub', [value, step]), states: [mean, square] }
}

/** A constant by value; one number where it is the same for all. */
function byValue(builder: OnnxBuilder, values: Float32Array): string {
  return values.every((value) => value === values[0])
    ? builder.scalar(values[0])
    : builder.constant(values, [values.length])
}

/** share * before + (1 - share) * now. */
function decayingMean(builder: OnnxBuilder, before: string, now: string, share: number): string {
  return builder.node('Add', [
    builder.node('Mul', [before, builder.scalar(share)]),
    builder.node('Mul', [now, builder.scalar(1 - share)])
  ])
}
