import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeTokens } from '../../../../src/core/lm/tokenizer'
import { readTokenizerJson } from '../../../../src/main/lm/tokenizerJsonFile'

/** Trained and used by the package tokenizers 0.23.2: scripts/train/decoderFixtures.py --tokenizer. */
const fixture = readFileSync('test/fixtures/lm/tokenizer.json')
const count = 420
const changed = (change: (json: { model: Record<string, unknown> }) => void): Uint8Array => {
  const json = JSON.parse(fixture.toString()) as { model: Record<string, unknown> }
  change(json)
  return new TextEncoder().encode(JSON.stringify(json))
}

describe('a tokenizer.json', () => {
  it.each([
    [
      'cheat: deprive somebody of something by deceit',
      [
        333, 332, 334, 273, 355, 296, 307, 309, 407, 296, 324, 378, 296, 293, 393, 316, 344, 324, 378, 361,
        299, 343, 337, 316, 355, 296, 294, 296, 326
      ]
    ],
    [
      'pilgrimage: a journey to a sacred place',
      [
        329, 398, 298, 309, 377, 404, 390, 319, 318, 301, 306, 381, 305, 296, 316, 360, 319, 324, 368, 309,
        335, 329, 303, 368, 296
      ]
    ],
    [
      'Osmanthus: widely distributed genus of evergreen shrubs or trees of southern United States and Middle East and China and Japan',
      [
        318, 284, 310, 304, 328, 311, 299, 342, 273, 338, 375, 346, 316, 355, 358, 311, 309, 300, 293, 359,
        335, 410, 327, 342, 344, 409, 313, 325, 298, 351, 327, 324, 299, 309, 312, 293, 310, 362, 321, 351,
        323, 344, 324, 306, 359, 299, 325, 305, 318, 289, 417, 335, 386, 311, 334, 323, 357, 318, 80, 375,
        295, 365, 318, 278, 353, 311, 357, 318, 277, 299, 320, 292, 357, 318, 282, 380, 328
      ]
    ],
    [
      'Zürich: naïve café 東京 — “x” {y}',
      [
        318, 93, 198, 191, 309, 352, 299, 273, 382, 292, 198, 178, 313, 296, 333, 292, 297, 198, 172, 318,
        233, 160, 180, 231, 189, 175, 318, 229, 131, 151, 318, 229, 131, 159, 315, 229, 131, 160, 318, 126,
        316, 128
      ]
    ],
    ['a  b', [319, 318, 337]],
    ['x=3^2', [318, 315, 64, 267, 97, 266]]
  ])('gives the tokens of the package tokenizers: %s', (text, tokens) => {
    const tokenizer = readTokenizerJson(fixture, count)
    expect(tokenizer.encode(text)).toEqual([1, ...tokens])
    expect(decodeTokens(tokenizer, 1, tokens)).toBe(text)
  })

  it('reads merges that are written with a space between', () => {
    const spaced = changed(({ model }) => {
      model['merges'] = (model['merges'] as string[][]).map((pair) => pair.join(' '))
    })
    const [one, other] = [fixture, spaced].map((bytes) => readTokenizerJson(bytes, count))
    expect(other!.encode('a part of a plant')).toEqual(one!.encode('a part of a plant'))
  })

  it.each([
    ['another kind', ({ model }) => (model['type'] = 'Unigram'), /Unigram, not BPE/],
    ['no bytes', ({ model }) => (model['byte_fallback'] = false), /do not become bytes/],
    ['bytes elsewhere', ({ model }) => (model['vocab'] = { '<unk>': 0 }), /token 3 is not the byte <0x00>/],
    ['no vocabulary', ({ model }) => delete model['vocab'], /no byte-pair tokenizer/]
  ] satisfies [string, (json: { model: Record<string, unknown> }) => unknown, RegExp][])(
    'refuses %s',
    (_, change, message) => {
      const bytes = changed((json) => void change(json))
      expect(() => readTokenizerJson(bytes, count)).toThrow(message)
    }
  )

  it('refuses tokens outside the model, and what is no JSON', () => {
    expect(() => readTokenizerJson(fixture, 400)).toThrow(/outside the model's 400/)
    expect(() => readTokenizerJson(Uint8Array.of(1, 2), count)).toThrow(
      expect.objectContaining({ code: 'model.invalid' })
    )
  })
})
