import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { createQualityMeter } from '@core/dataset/metrics'

/** R² from its definition, in two passes. */
function explained(outputs: readonly number[], targets: readonly number[], width: number): number {
  let [error, spread] = [0, 0]
  for (let column = 0; column < width; column++) {
    const own = targets.filter((_, at) => at % width === column)
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length
    for (const value of own) spread += (value - mean) ** 2
  }
  for (const [at, target] of targets.entries()) error += (outputs[at]! - target) ** 2
  return 1 - error / spread
}

function scoreOf(
  outputs: readonly number[],
  targets: readonly number[],
  width: number,
  batches: number
): number {
  const meter = createQualityMeter('regression')
  const items = targets.length / width
  const size = items / batches
  for (let batch = 0; batch < batches; batch++) {
    const part = (values: readonly number[]): Float32Array =>
      Float32Array.from(values.slice(batch * size * width, (batch + 1) * size * width))
    meter.add({ count: size, outputs: part(outputs), targets: part(targets), inputs: null, reference: null })
  }
  return meter.quality().score
}

describe('the quality of a regression', () => {
  it('is R² over all columns together, however the items come in batches', () => {
    const random = createRandom(12)
    for (const width of [1, 3]) {
      const targets = Array.from({ length: 24 * width }, (_, at) => 5 * (at % width) + random.normal())
      const outputs = targets.map((value) => value + 0.4 * random.normal())
      for (const batches of [1, 4, 24])
        expect(scoreOf(outputs, targets, width, batches)).toBeCloseTo(explained(outputs, targets, width), 5)
    }
  })

  it('of targets that are all equal is 1 where they are met and 0 where not', () => {
    expect(scoreOf([2, 2, 2, 2], [2, 2, 2, 2], 1, 2)).toBe(1)
    expect(scoreOf([2, 2, 2, 3], [2, 2, 2, 2], 1, 2)).toBe(0)
  })
})
