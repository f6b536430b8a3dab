import { describe, expect, it } from 'vitest'
import { readReply } from '@core/board/protocol'

/** Little-endian bytes: [value, number of bytes] each. */
function bytes(...parts: readonly [value: number, size: number][]): Uint8Array {
  const out: number[] = []
  for (const [value, size] of parts) {
    for (let at = 0; at < size; at++) out.push(Math.floor(value / 2 ** (8 * at)) % 256)
  }
  return Uint8Array.from(out)
}

describe('replies of the monitor', () => {
  it('are progress with its counts, a trap, or unknown', () => {
    expect(readReply.event(bytes([1, 1], [7, 4], [300, 4]))).toEqual({
      kind: 'progress',
      done: 7,
      total: 300
    })
    expect(readReply.event(bytes([2, 1]))).toEqual({ kind: 'trap', done: 0, total: 0 })
    expect(readReply.event(bytes([3, 1], [7, 4], [300, 4])).kind).toBe('unknown')
    // Too short for its counts.
    expect(readReply.event(bytes([1, 1], [7, 4], [44, 3])).kind).toBe('unknown')
    expect(readReply.event(new Uint8Array(0)).kind).toBe('unknown')
  })

  it.each([
    ['rv32b_zicsr', 'rv32im_zicsr'],
    ['rv32im_zicsr', 'rv32im_zicsr'],
    ['rv32e_zicsr', 'rv32em_zicsr'],
    ['rv32imacb_zicsr_zbb', 'rv32imacb_zicsr_zbb'],
    ['rv64imafdcv_zicsr', 'rv64imafdcv_zicsr']
  ])('complete an ISA whose misa says %s', (said, isa) => {
    const text = (value: string): [number, number][] => [
      [value.length, 1],
      ...[...value].map((char): [number, number] => [char.charCodeAt(0), 1])
    ]
    const words: [number, number][] = [
      [0, 4],
      [0, 4],
      [0, 4],
      [0, 4],
      [9, 4],
      [0, 4],
      [0, 4],
      [0, 4]
    ]
    const data = bytes(
      [1, 2],
      [1, 1],
      [3, 1],
      ...words,
      [32, 1],
      ...text(said),
      ...text(''),
      ...text(''),
      [0, 1]
    )
    expect(readReply.hello(data)).toMatchObject({ nonce: 9, info: { isa } })
  })

  it('carry 64-bit counts of what was spent', () => {
    expect(readReply.spent(bytes([2 ** 40 + 5, 8], [9, 8]))).toEqual({
      cycles: 2 ** 40 + 5,
      instructions: 9
    })
    expect(readReply.call(bytes([0xffff_fffe, 4], [3, 8], [2, 8]))).toEqual({
      returned: 0xffff_fffe,
      cycles: 3,
      instructions: 2
    })
  })

  it('hold a row of counters per layer, and no half row', () => {
    const rows = bytes([10, 8], [20, 8], [1, 4], [11, 8], [21, 8], [2, 4])
    const counters = [
      { cycles: 10, instructions: 20, runs: 1 },
      { cycles: 11, instructions: 21, runs: 2 }
    ]
    expect(readReply.counters(rows)).toEqual(counters)
    expect(readReply.counters(rows.subarray(0, 39))).toEqual(counters.slice(0, 1))
  })

  it('leave out the counts that a core does not have', () => {
    const data = bytes([2, 2], [77, 4], [100, 4], [50, 4], [101, 4], [51, 4])
    const read = (cycles: boolean, instructions: boolean) =>
      readReply.bench(data, { cycles, instructions } as never)
    expect(read(true, true)).toEqual({
      repetitions: 2,
      checksum: 77,
      cycles: [100, 101],
      instructions: [50, 51]
    })
    expect(read(false, true).cycles).toEqual([])
    expect(read(true, false).instructions).toEqual([])
    expect(readReply.bench(data.subarray(0, data.length - 1), { cycles: true } as never).cycles).toEqual([
      100
    ])
  })

  it('name a tensor by its address and size', () => {
    expect(readReply.tensor(bytes([0x8000_1000, 4], [64, 4]))).toEqual({
      address: 0x8000_1000,
      sizeBytes: 64
    })
  })
})
