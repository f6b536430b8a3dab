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
