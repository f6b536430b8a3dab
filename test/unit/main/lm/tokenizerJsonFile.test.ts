import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeTokens } from '../../../../src/core/lm/tokenizer'
import { readTokenizerJson } from '../../../../src/main/lm/tokenizerJsonFile'

/** Trained and used by the package tokenizers 0.23.2: scripts/train/decoderFixtures.py --tokenizer. */
const fixture = readFileSync('test/fixtures/lm/tokenizer.json')
const count = 420
interface Json {
  model: Record<string, unknown> & { vocab: Record<string, number>; merges: string[][] }
  normalizer: unknown
  pre_tokenizer: unknown
}
const changed = (change: (json: Json) => void): Uint8Array => {
  const json = JSON.parse(fixture.toString()) as Json
  change(json)
  return new TextEncoder().encode(JSON.stringify(json))
}

/** A normalizer with another step in front. */
const before =
  (step: object) =>
  (json: Json): void => {
    const { type, normalizers } = json.normalizer as { type: string; normalizers: object[] }
    json.normalizer = { type, normalizers: [step, ...normalizers] }
  }

/** Spaces written by a Metaspace, with a piece of two spaces, and "xit" of x and it. */
const metaspace =
  (settings: object) =>
  (json: Json): void => {
    withSpaces(json)
    json.normalizer = null
    json.pre_tokenizer = { type: 'Metaspace', replacement: '\u2581', ...settings }
  }
const withSpaces = ({ model }: Json): void => {
  const { vocab, merges } = model
  const left = Object.entries(vocab).filter(([, id]) => id < 418)
  model.vocab = { ...Object.fromEntries(left), '\u2581\u2581': 418, xit: 419 }
  const kept = merges.filter((pair) => Object.hasOwn(model.vocab, pair.join('')))
  model.merges = [...kept, ['\u2581', '\u2581'], ['x', 'it']]
}

describe('a tokenizer.json', () => {
  const spaced = [' a  b', 'a   b', 'xit it', 'a\u2581b  c', '\u2581a', 'they and thing of']
  const last = [349, 316, 357, 400, 343, 344]
  it.each([
    [
      'a normalizer',
      withSpaces,
      [
        [318, 319, 318, 337],
        [319, 418, 337],
        [318, 319]
      ]
    ],
    [
      'a Metaspace that splits words',
      metaspace({ prepend_scheme: 'first', split: true }),
      [[319, 318, 337], [319, 318, 318, 337], [319]]
    ],
    [
      'a Metaspace alone',
      metaspace({ prepend_scheme: 'always', split: false }),
      [[319, 318, 337], [319, 418, 337], [319]]
    ]
  ] satisfies [string, (json: Json) => void, number[][]][])(
    'writes spaces as the package tokenizers does with %s',
    (_, change, [one, two, mark]) => {
      const tokenizer = readTokenizerJson(changed(change), count)
      const expected = [one, two, [318, 419, 318, 326], [319, 337, 318, 333], mark, last]
      expect(spaced.map((text) => tokenizer.encode(text).slice(1))).toEqual(expected)
    }
  )

  it('merges only the pairs of the file, as the package tokenizers does', () => {
    const other = changed(({ model }) => {
      const at = model.merges.findIndex(([left, right]) => left === '\u2581t' && right === 'he')
      model.merges[at] = ['\u2581th', 'e']
    })
    expect(readTokenizerJson(other, count).encode('the they')).toEqual([1, 321, 332, 321, 332, 316])
    expect(readTokenizerJson(fixture, count).encode('the they')).toEqual([1, 349, 349, 316])
  })

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
      Object.assign(model, { merges: model.merges.map((pair) => pair.join(' ')) })
    })
    const [one, other] = [fixture, spaced].map((bytes) => readTokenizerJson(bytes, count))
    expect(other!.encode('a part of a plant')).toEqual(one!.encode('a part of a plant'))
  })

  it.each([
    ['another kind', ({ model }) => (model['type'] = 'Unigram'), /Unigram, not BPE/],
    ['no bytes', ({ model }) => (model['byte_fallback'] = false), /do not become bytes/],
    ['bytes elsewhere', ({ model }) => (model.vocab = { '<unk>': 0 }), /token 3 is not the byte <0x00>/],
    ['no vocabulary', ({ model }) => Reflect.deleteProperty(model, 'vocab'), /no byte-pair tokenizer/],
    [
      'a merge of what is no piece',
      ({ model }) => model.merges.push(['a', '\u6771']),
      /merge 101 is no pair/
    ],
    ['lower case', (json) => (json.normalizer = { type: 'Lowercase' }), /normalizer \(Lowercase\) does more/],
    ['a step before the usual ones', before({ type: 'NFKC' }), /\(NFKC, Prepend, Replace\) does more/],
    ['no space in front', (json) => (json.normalizer = null), /nothing puts a/],
    ['digits alone', (json) => (json.pre_tokenizer = { type: 'Digits' }), /\(Digits\) is no Metaspace/],
    ['no space in front by a Metaspace', metaspace({ prepend_scheme: 'never' }), /puts a . in front/],
    ['merges by chance', ({ model }) => (model['dropout'] = 0.1), /by chance/],
    ['words not merged', ({ model }) => (model['ignore_merges'] = true), /ignore_merges/],
    ['ends of words', ({ model }) => (model['end_of_word_suffix'] = '</w>'), /end of words/]
  ] satisfies [string, (json: Json) => unknown, RegExp][])('refuses %s', (_, change, message) => {
    const bytes = changed((json) => void change(json))
    expect(() => readTokenizerJson(bytes, count)).toThrow(message)
  })

  it('refuses tokens outside the model, and what is no JSON', () => {
    expect(() => readTokenizerJson(fixture, 400)).toThrow(/outside the model's 400/)
    expect(() => readTokenizerJson(Uint8Array.of(1, 2), count)).toThrow(
      expect.objectContaining({ code: 'model.invalid' })
    )
  })
})
