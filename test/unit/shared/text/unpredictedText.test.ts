import { describe, expect, it } from 'vitest'
import { unpredictedText } from '@shared/text/unpredictedText'

const layers = (...predicted: (number | null)[]) =>
  predicted.map((cost, at) => ({ name: `l${at}`, predicted: cost }))

describe('why a network is not predicted', () => {
  it('names the layers of which nothing is known, and counts the rest of them', () => {
    expect(unpredictedText(layers(4, null, 0))).toBe(
      'not every kernel of l1 has a proxy or Samples of this board'
    )
    expect(unpredictedText(layers(null, 3, null))).toBe(
      'not every kernel of l0, l2 has a proxy or Samples of this board'
    )
    expect(unpredictedText(layers(null, null, null, 1))).toBe(
      'not every kernel of l0, l1 and 1 more layer has a proxy or Samples of this board'
    )
  })

  it('says nothing where every layer is predicted, or none is', () => {
    expect(unpredictedText(layers(1, 2))).toBeNull()
    expect(unpredictedText(layers(null, null))).toBeNull()
    expect(unpredictedText([])).toBeNull()
  })
})
