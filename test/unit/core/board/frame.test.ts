import { describe, expect, it } from 'vitest'
import { crc32, crc8 } from '../../../../src/core/binary/crc'
import { encodeFrame, FrameDecoder, maxFrameBytes, type Frame } from '../../../../src/core/board/frame'
import { createRandom } from '../../../../src/core/math/random'
import { frameVectors, hexBytes } from './frameVectors'

const { frames, streams } = frameVectors()

function decode(
  stream: Uint8Array,
  pieceBytes = stream.length
): { frames: Frame[]; text: number[]; left: number } {
  const decoder = new FrameDecoder()
  const found: Frame[] = []
  const text: number[] = []
  for (let at = 0; at < stream.length; at += pieceBytes) {
    for (const piece of decoder.push(stream.subarray(at, at + pieceBytes))) {
      if (piece.kind === 'frame') found.push(piece.frame)
      else text.push(...piece.bytes)
    }
  }
  return { frames: found, text, left: decoder.pendingBytes }
}

describe('checksums', () => {
  it('have the published check values', () => {
    const digits = new TextEncoder().encode('123456789')
    expect(crc32(digits)).toBe(0xcbf43926)
    expect(crc8(digits)).toBe(0xf4)
  })
})

describe('frames', () => {
  it.each(frames)('encodes and decodes: $name', ({ stream, frames: [frame] }) => {
    const payload = hexBytes(frame!.payload)
    expect(encodeFrame(frame!.seq, frame!.command, payload)).toEqual(hexBytes(stream))
    expect(decode(hexBytes(stream)).frames).toEqual([{ seq: frame!.seq, command: frame!.command, payload }])
  })

  it.each([...frames, ...streams])('finds the same frames however the stream is cut: $name', (vector) => {
    const stream = hexBytes(vector.stream)
    const expected = vector.frames.map(({ seq, command, payload }) => ({
      seq,
      command,
      payload: hexBytes(payload)
    }))
    for (const pieceBytes of [stream.length, 1, 3, 64]) {
      expect(decode(stream, pieceBytes).frames).toEqual(expected)
    }
  })

  it('hands on as text exactly the bytes that belong to no frame', () => {
    const frame = encodeFrame(4, 8, new Uint8Array([1, 2, 3]))
    const stream = new Uint8Array([65, 66, ...frame, 67, 0xb5, 68, ...frame])
    const { frames: found, text } = decode(stream)
    expect(found).toHaveLength(2)
    expect(text).toEqual([65, 66, 67, 0xb5, 68])
  })

  it('is found behind any garbage once what the garbage began is complete', () => {
    const random = createRandom(11)
    const frame = encodeFrame(200, 0x88, new Uint8Array([9, 8, 7]))
    for (let round = 0; round < 300; round++) {
      const garbage = Uint8Array.from({ length: random.integer(400) }, () =>
        random.integer(3) === 0 ? [0xb5, 0x62][random.integer(2)]! : random.integer(256)
      )
      const flush = new Uint8Array(maxFrameBytes)
      const { frames: found } = decode(
        new Uint8Array([...garbage, ...frame, ...flush]),
        1 + random.integer(40)
      )
      expect(found.filter(({ seq, command }) => seq === 200 && command === 0x88)).toHaveLength(1)
    }
  })

  it('refuses a payload that no frame carries', () => {
    expect(() => encodeFrame(0, 1, new Uint8Array(1041))).toThrow(RangeError)
  })
})
