import { expect, it } from 'vitest'
import { parseFractions } from '@shared/text/fractions'

it('reads numbers and fractions separated by commas', () => {
  expect(parseFractions('0.5')).toEqual([0.5])
  expect(parseFractions(' 1/4, -2 , 3e-1')).toEqual([0.25, -2, 0.3])
})

it.each(['', 'a', '1,', '1/', '/2', '1/0', '1/2/3', '1;2'])('says that "%s" is none', (text) => {
  expect(parseFractions(text)).toBeNull()
})
