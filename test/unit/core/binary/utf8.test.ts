import { describe, expect, it } from 'vitest'
import { decodeUtf8, decodeUtf8Prefix, encodeUtf8 } from '../../../../src/core/binary/utf8'
import { createRandom } from '../../../../src/core/math/random'

describe('UTF-8', () => {
  it('encodes and decodes what the host does', () => {
    const texts = [
      '',
      'plain',
      'é ü ß',
      '漢字かな',
      '🙂𝄞',
      '\u0000\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}'
    ]
    for (const text of texts) {
      expect([...encodeUtf8(text)]).toEqual([...new TextEncoder().encode(text)])
      expect(decodeUtf8(encodeUtf8(text))).toBe(text)
    }
    expect([...encodeUtf8('a\ud800b')]).toEqual([...new TextEncoder().encode('a\ud800b')])
  })

  it('keeps an unfinished character for later', () => {
    const bytes = encodeUtf8('a🙂')
    for (let end = 2; end < 5; end++) {
      const { text, rest } = decodeUtf8Prefix(bytes.subarray(0, end))
      expect(text).toBe('a')
      expect([...rest]).toEqual([...bytes.subarray(1, end)])
    }
  })

  it('agrees with the host on valid parts of random bytes', () => {
    const random = createRandom(4)
    for (let round = 0; round < 500; round++) {
      const bytes = Uint8Array.from({ length: 12 }, () => random.integer(256))
      const host = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
      const marks = /\ufffd+/g
      expect(decodeUtf8(bytes).replace(marks, '?')).toBe(host.replace(marks, '?'))
    }
  })
})
