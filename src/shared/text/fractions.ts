import type { DataSetRequest } from '../contract/dataset'

/** Numbers and fractions separated by commas, such as "1/255, 0.5"; null where one is neither. */
export function parseFractions(text: string): number[] | null {
  const values = text.split(',').map((part) => {
    const [above = '', below = '1', ...more] = part.split('/')
    return more.length > 0 || above.trim() === '' || below.trim() === ''
      ? Number.NaN
      : Number(above) / Number(below)
  })
  return values.every(Number.isFinite) ? values : null
}

/** Shares of calibration, tune and search such as "0.1, 0.1, 0.3"; null unless they are three that add up to at most 1. */
export function parseShares(text: string): DataSetRequest['shares'] | null {
  const shares = parseFractions(text)
  if (shares?.length !== 3 || shares.some((share) => share < 0)) return null
  const [calibration, tune, search] = shares
  return calibration + tune + search > 1 ? null : { calibration, tune, search }
}
