import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface FrameVector {
  name: string
  /** Hex. */
  stream: string
  frames: { seq: number; command: number; payload: string }[]
}

/** test/vectors/frames.json: single frames, and streams with damage in them. */
export function frameVectors(): { frames: FrameVector[]; streams: FrameVector[] } {
  // From the working directory (the repository), since scripts bundle this file elsewhere.
  const file = path.resolve('test/vectors/frames.json')
  return JSON.parse(readFileSync(file, 'utf8')) as { frames: FrameVector[]; streams: FrameVector[] }
}

export function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
