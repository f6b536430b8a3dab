import { AppError } from '../../shared/errors'
import { ByteReader, ByteWriter, concatBytes } from '../binary/bytes'
import { decodeUtf8, encodeUtf8 } from '../binary/utf8'

/** Token that begins a text in llama2.c. */
export const beginToken = 1
/** Token of byte 0; the other bytes follow. */
export const byteToken = 3

/** One piece of text a token stands for; of two pieces that can be merged, the one with the higher score comes first. */
export interface TokenPiece {
  readonly score: number
  readonly bytes: Uint8Array
}

/** Text to tokens and back. */
export interface Tokenizer {
  readonly pieces: readonly TokenPiece[]
  /** Tokens of a text, the begin marker first. */
  encode(text: string): number[]
  /** Bytes of a token that follows `previous`; the space before the first word is left out. */
  decode(previous: number, token: number): Uint8Array
}

/** What two neighbouring tokens become; the lowest rank of a text comes first, of equal ones the leftmost. */
export interface TokenMerge {
  readonly id: number
  readonly rank: number
}

/** Where a tokenizer differs from llama2.c's. */
export interface TokenizerRules {
  /** What two tokens become, undefined where they stay two; without: any piece that they spell together, by its score. */
  mergeOf?(this: void, left: number, right: number): TokenMerge | undefined
  /** The text that is cut into pieces; without: a space and the text. */
  prepare?(this: void, text: string): string
  /** Words are merged alone, also where a piece has a space behind its first byte. */
  readonly wordsAlone?: boolean
}

const maxPieceBytes = 1024

/**
 * Reads a tokenizer file of llama2.c: the longest piece, then score, length and bytes of each piece.
 * @param count pieces the file must hold: the vocabulary of its model
 * @throws AppError model.invalid when it holds fewer or more, or a piece is not readable
 */
export function readTokenizer(bytes: Uint8Array, count: number): Tokenizer {
  const reader = new ByteReader(bytes)
  const pieces: TokenPiece[] = []
  try {
    reader.u32()
    for (let index = 0; index < count; index++) {
      const score = reader.f32()
      const length = reader.u32()
      if (length > maxPieceBytes) throw invalid(`piece ${index} has ${length} bytes`)
      if (!Number.isFinite(score)) throw invalid(`the score of piece ${index} is not a number`)
      pieces.push({ score, bytes: reader.take(length) })
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw invalid(`it ends after ${pieces.length} of ${count} pieces`)
  }
  if (reader.left > 0) throw invalid(`${reader.left} bytes follow its ${count} pieces`)
  return createTokenizer(pieces)
}

/** The tokenizer file of these pieces. */
export function writeTokenizer(pieces: readonly TokenPiece[]): Uint8Array {
  const writer = new ByteWriter().u32(Math.max(0, ...pieces.map(({ bytes }) => bytes.length)))
  for (const { score, bytes } of pieces) writer.f32(score).u32(bytes.length).raw(bytes)
  return writer.done()
}

/** Pieces of a vocabulary of bytes alone: the three markers, then every byte. */
export function bytePieces(): TokenPiece[] {
  const names = ['<unk>', '\n<s>\n', '\n</s>\n']
  for (let byte = 0; byte < 256; byte++) names.push(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  return names.map((name) => ({ score: 0, bytes: encodeUtf8(name) }))
}

/** Bytes as a string of one character per byte, so that they can be the key of a map. */
const keyOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/**
 * Returns the tokenizer of these pieces.
 * @throws AppError model.invalid when there are fewer than the markers and the 256 bytes
 */
export function createTokenizer(pieces: readonly TokenPiece[], rules: TokenizerRules = {}): Tokenizer {
  if (pieces.length < byteToken + 256)
    throw invalid(`it has ${pieces.length} pieces, the markers and the bytes alone are ${byteToken + 256}`)
  const keys = pieces.map(({ bytes }) => keyOf(bytes))
  const ids = new Map<string, number>()
  for (const [id, key] of keys.entries()) if (key !== '' && !ids.has(key)) ids.set(key, id)

  const characters = (from: string): number[] => {
    const tokens: number[] = []
    for (const character of from) {
      const bytes = encodeUtf8(character)
      const id = ids.get(keyOf(bytes))
      if (id === undefined) for (const byte of bytes) tokens.push(byteToken + byte)
      else tokens.push(id)
    }
    return tokens
  }

  const byScore = (left: number, right: number): TokenMerge | undefined => {
    const id = ids.get(keys[left] + keys[right])
    return id === undefined ? undefined : { id, rank: -pieces[id].score }
  }
  const { mergeOf = byScore, prepare = (text) => ` ${text}`, wordsAlone = false } = rules
  const crosses = !wordsAlone && pieces.some(({ bytes }) => bytes.indexOf(0x20, 1) > 0)

  return {
    pieces,
    encode: (from) => {
      const words = from === '' ? [] : wordsOf(prepare(from), crosses)
      return [beginToken, ...words.flatMap((word) => merged(characters(word), mergeOf))]
    },
    decode: (previous, token) => pieceText(pieces[token].bytes, previous)
  }
}

/** Bytes that a piece stands for behind the token `previous`: a byte by its number; no space before the first word. */
export function pieceText(bytes: Uint8Array, previous: number): Uint8Array {
  const raw = bytes.length === 6 ? /^<0x([0-9A-Fa-f]{2})>$/.exec(keyOf(bytes)) : null
  if (raw !== null) return Uint8Array.of(parseInt(raw[1], 16))
  return previous === beginToken && bytes[0] === 0x20 ? bytes.subarray(1) : bytes
}

/** Merges neighbours until none are left; what each two become is looked up again only beside a merge. */
function merged(tokens: number[], mergeOf: NonNullable<TokenizerRules['mergeOf']>): number[] {
  const mergeAt = (at: number): TokenMerge | undefined =>
    at + 1 < tokens.length ? mergeOf(tokens[at], tokens[at + 1]) : undefined
  const merges = tokens.map((_, at) => mergeAt(at))
  for (;;) {
    let best: TokenMerge | undefined
    let place = 0
    for (let at = 0; at < merges.length; at++) {
      const own = merges[at]
      if (own === undefined || (best !== undefined && best.rank <= own.rank)) continue
      best = own
      place = at
    }
    if (best === undefined) return tokens
    tokens.splice(place, 2, best.id)
    merges.splice(place, 1)
    merges[place] = mergeAt(place)
    if (place > 0) merges[place - 1] = mergeAt(place - 1)
  }
}

/**
 * The text cut where no merge can cross: before each space, unless a piece has one behind its first byte (`crosses`). Merging the
 * parts alone then gives the same tokens in far fewer steps.
 */
function wordsOf(text: string, crosses: boolean): string[] {
  return crosses ? [text] : text.split(/(?= )/u)
}

/** Text of generated tokens, the first of which follows `previous`. */
export function decodeTokens(tokenizer: Tokenizer, previous: number, tokens: readonly number[]): string {
  const parts: Uint8Array[] = []
  for (const token of tokens) {
    parts.push(tokenizer.decode(previous, token))
    previous = token
  }
  return decodeUtf8(concatBytes(parts))
}

const invalid = (what: string): AppError =>
  new AppError(
    'model.invalid',
    `The tokenizer file does not fit the model: ${what}.`,
    "Give the tokenizer the model was trained with, in llama2.c's format (tokenizer.bin)."
  )
