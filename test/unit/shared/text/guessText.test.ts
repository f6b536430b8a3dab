import { describe, expect, it } from 'vitest'
import { guessText } from '@shared/text/guessText'

/** Hint for a network judged by its accuracy. */
const hint = (correct: number | null, images: number, classes: number): string | null =>
  guessText({ metrics: { accuracy: (correct ?? 0) / images }, correct, images }, classes)

// Guessing among 5 classes: 60 of 300 on average, standard deviation sqrt(300 x 0.2 x 0.8) = 6.93.
describe('a float network that is right as often as guessing', () => {
  it.each([0, 57, 60, 73])('gets a hint when %i of 300 are right', (correct) => {
    expect(hint(correct, 300, 5)).toContain('guessing among 5 classes (20.0 %)')
  })

  it.each([74, 150, 300])('gets none when %i of 300 are right', (correct) => {
    expect(hint(correct, 300, 5)).toBeNull()
  })

  it('gets none where there is no right and wrong, one class, or hardly an item', () => {
    expect(hint(null, 300, 5)).toBeNull()
    expect(hint(0, 300, 1)).toBeNull()
    expect(hint(2, 19, 5)).toBeNull()
    expect(hint(2, 20, 5)).not.toBeNull()
  })

  it('gets none where it is judged by another metric', () => {
    expect(guessText({ metrics: { agreement: 0.2 }, correct: 60, images: 300 }, 5)).toBeNull()
  })
})
