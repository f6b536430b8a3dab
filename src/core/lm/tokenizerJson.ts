import { AppError } from '../../shared/errors'
import { encodeUtf8 } from '../binary/utf8'
import { byteToken, createTokenizer, type TokenMerge, type TokenPiece, type Tokenizer } from './tokenizer'
import { textRules, type TextSteps } from './tokenizerJsonText'

/** The parts of a tokenizer.json that are read. */
export interface TokenizerJson extends TextSteps {
  readonly model: {
    readonly type?: string | undefined
    /** Characters without a piece become bytes. */
    readonly byte_fallback?: boolean | undefined
    /** Whole words that are pieces are not built by merges. */
    readonly ignore_merges?: boolean | undefined
    /** Share of merges that are left out by chance. */
    readonly dropout?: number | null | undefined
    readonly continuing_subword_prefix?: string | null | undefined
    readonly end_of_word_suffix?: string | null | undefined
    readonly vocab: Readonly<Record<string, number>>
    /** Pairs in the order in which they are merged, as lists or with a space between. */
    readonly merges: readonly (string | readonly string[])[]
  }
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[] | undefined
}

/** How a space is written inside pieces. */
const spaceMark = '\u2581'

/**
 * Returns the tokenizer of a tokenizer.json as Llama has it: byte pairs, merged in the order of the file. Token 0 is unknown, 1 begins,
 * 2 ends, 3 to 258 are the bytes; markers inside a text are text.
 * @param count pieces of the model; tokens that the file leaves out are empty
 * @throws AppError model.invalid for another kind of tokenizer, other markers, changes of the text, or tokens outside the vocabulary
 */
export function tokenizerFromJson(json: TokenizerJson, count: number): Tokenizer {
  checkModel(json.model)
  const text = textRules(json, spaceMark, (what) => invalid(what))
  const merges = mergesOf(json.model)
  return createTokenizer(piecesOf(json, count), {
    ...text,
    mergeOf: (left, right) => merges.get(pairKey(left, right))
  })
}

function checkModel(model: TokenizerJson['model']): void {
  if (model.type !== undefined && model.type !== 'BPE') throw invalid(`its model is ${model.type}, not BPE`)
  if (model.byte_fallback !== true) throw invalid('characters without a piece do not become bytes')
  if (model.ignore_merges === true) throw invalid('words that are pieces are not merged (ignore_merges)')
  if ((model.dropout ?? 0) !== 0) throw invalid('merges are left out by chance (dropout)')
  if ((model.continuing_subword_prefix ?? '') !== '' || (model.end_of_word_suffix ?? '') !== '')
    throw invalid('pieces have a mark inside or at the end of words')
  const byteOf = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
  for (let byte = 0; byte < 256; byte++)
    if (model.vocab[byteOf(byte)] !== byteToken + byte)
      throw invalid(`token ${byteToken + byte} is not the byte ${byteOf(byte)}`)
}

/** Two tokens as one number. */
const pairKey = (left: number, right: number): number => left * 2 ** 24 + right

/** By the key of two tokens, what they become. */
function mergesOf({ vocab, merges }: TokenizerJson['model']): Map<number, TokenMerge> {
  const found = new Map<number, TokenMerge>()
  for (const [rank, merge] of merges.entries()) {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge
    const [left, right, id] = [...pair, pair.join('')].map((text) =>
      Object.hasOwn(vocab, text) ? vocab[text] : undefined
    )
    if (pair.length !== 2 || left === undefined || right === undefined || id === undefined)
      throw invalid(`merge ${rank} is no pair of pieces that spell a piece`)
    found.set(pairKey(left, right), { id, rank })
  }
  return found
}

function piecesOf({ model, added_tokens: added = [] }: TokenizerJson, count: number): TokenPiece[] {
  // Merges have ranks of their own: scores are not used.
  const pieces = Array.from({ length: count }, (): TokenPiece => ({ score: 0, bytes: new Uint8Array() }))
  const put = (id: number, bytes: Uint8Array): void => {
    if (!Number.isInteger(id) || id < 0 || id >= count)
      throw invalid(`token ${id} lies outside the model's ${count}`)
    pieces[id] = { score: 0, bytes }
  }
  for (const [text, id] of Object.entries(model.vocab)) put(id, encodeUtf8(text.replaceAll(spaceMark, ' ')))
  // Markers are no text: line breaks keep them from being found as characters, as in llama2.c.
  for (const { id, content } of added)
    if (id < byteToken) put(id, encodeUtf8(id === 0 ? content : `\n${content}\n`))
    else if (!Object.hasOwn(model.vocab, content)) put(id, encodeUtf8(content))
  return pieces
}

const invalid = (what: string): AppError =>
  new AppError(
    'model.invalid',
    `The tokenizer.json does not fit: ${what}.`,
    "Read are Llama's byte-pair tokenizers with byte fallback (<unk>, <s>, </s>, then the 256 bytes); write another one in llama2.c's format."
  )
