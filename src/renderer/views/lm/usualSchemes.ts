/** Schemes that are offered where one is typed. */
export const usualSchemes: string[] = [
  'w8a8',
  'w4a8,cls=w8a8',
  'w4a8',
  'w4a8,kv=4',
  'w2a8,cls=w4a8',
  'w4a4,kv=4'
]
