import { createRandom } from '@core/math/random'
import { sizeOf } from '@core/model/graph'
import type { TfliteModel } from '@core/model/tflite/tflite'
import { TfliteDraft } from './tfliteDraft'
import { layerSteps, type TfliteStep } from './tfliteSteps'
import { shapeSteps } from './tfliteShapeSteps'
import { valueSteps } from './tfliteValueSteps'

/** A TFLite graph and the input that it is compared on. */
export interface TfliteCase {
  readonly model: TfliteModel
  readonly input: Float32Array
}

/** Steps by the operator of which they make cases. */
export const tfliteSteps: Readonly<Record<string, TfliteStep>> = {
  ...layerSteps,
  ...shapeSteps,
  ...valueSteps
}
const steps = Object.values(tfliteSteps)

/** Elements of a tensor from which on no further operator is added. */
const largest = 3000

/** A seeded graph of one to five operators in float32, one item of 2 to 4 axes. */
export function randomTflite(seed: number): TfliteCase {
  const draft = new TfliteDraft(createRandom(seed))
  const dims = inputSides(draft)
  const input = draft.tensor({ dims })
  let x = input
  const count = draft.side(1, 5)
  for (let tries = 0; draft.operators.length < count && tries < 60; tries++) {
    x = draft.pick(steps)(draft, x) ?? x
    if (sizeOf(draft.dims(x)) > largest) break
  }
  if (x === input) x = draft.add('RELU', [x], dims)
  return { model: draft.model(`tflite${seed}`, input, x), input: normals(draft, dims) }
}

export function inputSides(draft: TfliteDraft): number[] {
  return draft.pick([
    [1, draft.side(3, 9), draft.side(3, 9), draft.side(1, 5)],
    [1, 2 * draft.side(1, 4), 2 * draft.side(1, 4), 4 * draft.side(1, 2)],
    [1, draft.side(1, 7), draft.side(2, 9)],
    [1, draft.side(2, 24)]
  ])
}

export function normals(draft: TfliteDraft, dims: readonly number[]): Float32Array {
  return Float32Array.from({ length: sizeOf(dims) }, () => draft.random.normal())
}
