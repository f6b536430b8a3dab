import { describe, expect, it } from 'vitest'
import {
  beginToken,
  bytePieces,
  byteToken,
  createTokenizer,
  decodeTokens,
  readTokenizer,
  writeTokenizer
} from '../../../../src/core/lm/tokenizer'
import { packPieces, pieceDecoder } from '../../../../src/core/lm/packedPieces'
import { AppError } from '../../../../src/shared/errors'

const piece = (text: string, score: number) => ({ bytes: new TextEncoder().encode(text), score })
const first = byteToken + 256
/** 259 ' ', 260 'a', 261 'b', 262 'ab', 263 ' a', 264 ' ab' */
const pieces = [
  ...bytePieces(),
  ...[' ', 'a', 'b', 'ab', ' a', ' ab'].map((text, index) => piece(text, -index))
]
const tokenizer = createTokenizer(pieces)

describe('tokenizer', () => {
  it('merges the pair of the highest score first', () => {
    // ' ' a b -> ' ' ab (score -3 before -4) -> ' ab'
    expect(tokenizer.encode('ab')).toEqual([beginToken, first + 5])
    // a follows a: ' a' then 'a'
    expect(tokenizer.encode('aa')).toEqual([beginToken, first + 4, first + 1])
    expect(tokenizer.encode('b ab')).toEqual([beginToken, first, first + 2, first + 5])
  })

  it('falls back to bytes, and reads any text back', () => {
    const e = byteToken + 0xc3
    expect(tokenizer.encode('é')).toEqual([beginToken, first, e, byteToken + 0xa9])
    for (const text of ['ab ba', 'é ü 漢字 🙂', '  two spaces', '\u0000\n', '<0x41>', ''])
      expect(decodeTokens(tokenizer, beginToken, tokenizer.encode(text).slice(1))).toBe(text)
  })

  it('reads tokens back from packed pieces alike', () => {
    const packed = pieceDecoder(packPieces(pieces))
    for (let token = 0; token < pieces.length; token++)
      for (const previous of [beginToken, first])
        expect([...packed.decode(previous, token)]).toEqual([...tokenizer.decode(previous, token)])
  })

  it('works with bytes alone', () => {
    const bytes = createTokenizer(bytePieces())
    expect(bytes.encode('Hi')).toEqual([1, 3 + 0x20, 3 + 0x48, 3 + 0x69])
  })

  it('gives the same tokens whether or not a piece may cross a space', () => {
    const crossing = createTokenizer([...pieces, piece('z z', -9)])
    expect(crossing.encode('ab aab b')).toEqual(tokenizer.encode('ab aab b'))
    expect(crossing.encode('z z').length).toBe(5)
  })

  it('reads the file it writes', () => {
    const read = readTokenizer(writeTokenizer(pieces), pieces.length)
    expect(read.pieces).toEqual(pieces)
    expect(read.encode('ab aa')).toEqual(tokenizer.encode('ab aa'))
    // A Buffer's slices share its memory.
    const shared = Buffer.concat([Buffer.of(1), writeTokenizer(pieces)]).subarray(1)
    expect(readTokenizer(shared, pieces.length).pieces.map(({ score }) => score)).toEqual(
      pieces.map(({ score }) => score)
    )
  })

  it.each([
    ['nothing', new Uint8Array(0), /ends after 0 of 265/],
    ['half a file', writeTokenizer(pieces).subarray(0, 700), /ends after/],
    ['more than the vocabulary', new Uint8Array([...writeTokenizer(pieces), 1]), /1 bytes follow/],
    ['a huge piece', new Uint8Array(40).fill(255, 8, 12), /piece 0 has 4294967295 bytes/],
    ['a score that is no number', new Uint8Array(40).fill(255, 4, 8), /score of piece 0/]
  ])('refuses a file with %s', (_, bytes, message) => {
    expect(() => readTokenizer(bytes, pieces.length)).toThrow(AppError)
    expect(() => readTokenizer(bytes, pieces.length)).toThrow(message)
  })

  it('refuses a vocabulary smaller than the bytes', () => {
    expect(() => createTokenizer(pieces.slice(0, 258))).toThrow(/258 pieces/)
  })
})
