import { expect, it } from 'vitest'
import { parseFractions, parseShares } from '@shared/text/fractions'

it('reads numbers and fractions separated by commas', () => {
  expect(parseFractions('0.5')).toEqual([0.5])
  expect(parseFractions(' 1/4, -2 , 3e-1')).toEqual([0.25, -2, 0.3])
})

it.each(['', 'a', '1,', '1/', '/2', '1/0', '1/2/3', '1;2'])('says that "%s" is none', (text) => {
  expect(parseFractions(text)).toBeNull()
})

it('reads three shares of which something may be left', () => {
  expect(parseShares('0.1, 1/4, 0')).toEqual({ calibration: 0.1, tune: 0.25, search: 0 })
  expect(parseShares('0.5,0.25,0.25')).toEqual({ calibration: 0.5, tune: 0.25, search: 0.25 })
})

it.each(['0.1,,0.3', '0.1,0.1', '0.1,0.1,0.1,0.1', '-0.1,0.1,0.1', '0.5,0.5,0.1', 'a,0.1,0.1'])(
  'takes no shares from "%s"',
  (text) => {
    expect(parseShares(text)).toBeNull()
  }
)
