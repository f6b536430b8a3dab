import type { PairedJson, Search } from '../../../shared/contract/search'
import { scoreText, type ScoreName } from '../../../shared/score'
import { countOf } from '../../../shared/units'

type Tested = Pick<NonNullable<Search['test']>, 'best' | 'int8' | 'float' | 'images'>

/** "test accuracy 90.61 %; int8 91.50 %, float 91.65 % on 1,000 items" */
export function testText(metric: ScoreName, { best, int8, float, images }: Tested): string {
  const [found, reference, real] = [best, int8, float].map((value) => scoreText(metric, value))
  return `test ${metric} ${found}; int8 ${reference}, float ${real} on ${countOf(images, 'item')}`
}

/** The line "against int8: -0.40 ± 0.52 points (95 %, same items)"; none where a task has no right and wrong. */
export function againstInt8(paired: PairedJson | null): string[] {
  if (paired === null) return []
  const [difference, margin] = [paired.difference, paired.margin].map((share) => (100 * share).toFixed(2))
  return [`against int8: ${difference} ± ${margin} points (95 %, same items)`]
}
