import { expect, it } from 'vitest'
import type { Dimension } from '@core/gpu/metrics'
import { createCellReader } from '@core/gpu/plainCell'
import { parseCell } from '@core/gpu/smiCell'
import { createRandom } from '@core/math/random'

/** Cells read in place, against parseCell on the same text. */
const columns: [Dimension, string | null][] = [
  ['power', 'W'],
  ['power', null],
  ['frequency', 'MHz'],
  ['percent', '%'],
  ['memory', 'MiB'],
  ['memory', null],
  ['temperature', null],
  ['mask', null]
]
const texts = [
  ...[
    '65.12 W',
    '  65.12 W  ',
    '65120 mW',
    '0 %',
    '1024 MiB',
    '1024',
    '45',
    '-3',
    '+4 W',
    '12.',
    '.5',
    '1.2.3',
    '1 2'
  ],
  ...[
    '[N/A]',
    '',
    ' ',
    'ERR!',
    '12 parsecs',
    '1e3 W',
    '0x0000000000000004',
    '12345678901234567 W',
    '0.1',
    '7.',
    '1,5 W'
  ],
  ...['123456789012.345 W', '250.30 W', '1.41 GHz', '35 C']
]

it('has the value of parseCell for every text, in any order of units', () => {
  const random = createRandom(5)
  for (const [dimension, unit] of columns) {
    const read = createCellReader(dimension, unit)
    for (let time = 0; time < 400; time++) {
      const number = (random.integer(1_000_000) / 10 ** random.integer(6)).toString()
      const text =
        time % 3 === 0
          ? `${number} ${['W', 'mW', 'MHz', '%', 'MiB', 'C'][random.integer(6)]}`
          : texts[random.integer(texts.length)]
      const expected = parseCell(text, dimension, unit)
      const line = `2026/03/01, ${text},9 W`
      expect(read(line, 12, 12 + text.length), `${dimension} ${text}`).toBe(
        'value' in expected ? expected.value : NaN
      )
    }
  }
})
