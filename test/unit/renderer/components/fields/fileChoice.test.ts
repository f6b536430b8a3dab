import { describe, expect, it } from 'vitest'
import { textSourceOf } from '@renderer/components/fields/fileChoice'

describe('a text file of the browser', () => {
  it('is read by its byte order mark, UTF-16 as Excel writes it included', async () => {
    const text = 'N;Zeit (µs)\n1;2,5\n'
    for (const encoding of ['utf8', 'utf16le'] as const) {
      const file = new File([new Uint8Array(Buffer.from(`\ufeff${text}`, encoding))], 'a.csv')
      expect(await textSourceOf(file)).toEqual({ name: 'a.csv', text })
    }
  })
})
