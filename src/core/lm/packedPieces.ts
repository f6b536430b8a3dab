import { concatBytes } from '../binary/bytes'
import { pieceText, type TokenPiece, type Tokenizer } from './tokenizer'

/** The bytes of all pieces of a tokenizer in one array: few objects to send where there are many tokens. */
export interface PackedPieces {
  readonly bytes: Uint8Array
  /** Where each piece ends. */
  readonly ends: Uint32Array
}

/** The pieces' bytes, one behind the other. */
export function packPieces(pieces: readonly TokenPiece[]): PackedPieces {
  const ends = new Uint32Array(pieces.length)
  let at = 0
  for (const [index, { bytes }] of pieces.entries()) ends[index] = at += bytes.length
  return { bytes: concatBytes(pieces.map(({ bytes }) => bytes)), ends }
}

/** Reads tokens back as the tokenizer of these pieces does. */
export function pieceDecoder({ bytes, ends }: PackedPieces): Pick<Tokenizer, 'decode'> {
  return {
    decode: (previous, token) =>
      pieceText(bytes.subarray(token === 0 ? 0 : ends[token - 1], ends[token]), previous)
  }
}
