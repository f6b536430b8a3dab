import { readFileSync } from 'node:fs'

export interface FrameVector {
  name: string
  /** Hex. */
  stream: string
  frames: { seq: number; command: number; payload: string }[]
}

/** test/vectors/frames.json: single frames, and streams with damage in them. */
export function frameVectors(): { frames: FrameVector[]; streams: FrameVector[] } {
  const file = new URL('../../../vectors/frames.json', import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as { frames: FrameVector[]; streams: FrameVector[] }
}

export function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
