import { AppError } from '../../shared/errors'
import { encodeUtf8 } from '../binary/utf8'
import { byteToken, type TokenPiece } from './tokenizer'

/** The parts of a tokenizer.json that are read. */
export interface TokenizerJson {
  readonly model: {
    readonly type?: string | undefined
    /** Characters without a piece become bytes. */
    readonly byte_fallback?: boolean | undefined
    readonly vocab: Readonly<Record<string, number>>
    /** Pairs in the order in which they are merged, as lists or with a space between. */
    readonly merges: readonly (string | readonly string[])[]
  }
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[] | undefined
}

/** How a space is written inside pieces. */
const spaceMark = '\u2581'

/**
 * Pieces of a byte-pair tokenizer as Llama has them (a tokenizer.json), each with the score that merges pairs in the same order:
 * minus the place of the first pair that gives it. Token 0 is unknown, 1 begins, 2 ends, 3 to 258 are the bytes.
 * @param count pieces of the model; tokens that the file leaves out are empty
 * @throws AppError model.invalid for another kind of tokenizer, other markers, or tokens outside the vocabulary
 */
export function tokenizerJsonPieces(
  { model, added_tokens: added = [] }: TokenizerJson,
  count: number
): TokenPiece[] {
  if (model.type !== undefined && model.type !== 'BPE') throw invalid(`its model is ${model.type}, not BPE`)
  const byteOf = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
  if (model.byte_fallback !== true) throw invalid('characters without a piece do not become bytes')
  for (let byte = 0; byte < 256; byte++)
    if (model.vocab[byteOf(byte)] !== byteToken + byte)
      throw invalid(`token ${byteToken + byte} is not the byte ${byteOf(byte)}`)
  const ranks = new Map<string, number>()
  for (const [rank, merge] of model.merges.entries()) {
    const joined = (typeof merge === 'string' ? merge.split(' ') : merge).join('')
    if (!ranks.has(joined)) ranks.set(joined, rank)
  }
  const last = model.merges.length + 1
  const pieces = Array.from({ length: count }, (): TokenPiece => ({ score: -last, bytes: new Uint8Array() }))
  const put = (id: number, piece: TokenPiece): void => {
    if (!Number.isInteger(id) || id < 0 || id >= count)
      throw invalid(`token ${id} lies outside the model's ${count}`)
    pieces[id] = piece
  }
  for (const [text, id] of Object.entries(model.vocab))
    put(id, { score: -(ranks.get(text) ?? last), bytes: encodeUtf8(text.replaceAll(spaceMark, ' ')) })
  // Markers are no text: line breaks keep them from being merged out of characters, as in llama2.c.
  for (const { id, content } of added)
    if (id < byteToken) put(id, { score: 0, bytes: encodeUtf8(id === 0 ? content : `\n${content}\n`) })
    else if (!Object.hasOwn(model.vocab, content)) put(id, { score: -last, bytes: encodeUtf8(content) })
  return pieces
}

const invalid = (what: string): AppError =>
  new AppError(
    'model.invalid',
    `The tokenizer.json does not fit: ${what}.`,
    "Read are Llama's byte-pair tokenizers with byte fallback (<unk>, <s>, </s>, then the 256 bytes); write another one in llama2.c's format."
  )
