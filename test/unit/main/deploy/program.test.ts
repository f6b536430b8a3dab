import { describe, expect, it } from 'vitest'
import { createToolchain, loadProgram } from '@main/deploy/program'

/** A 32-bit RISC-V executable of two segments: 8 bytes at 0x1000 (with 24 in memory), and 4 at 0x2000. */
function smallElf(): Uint8Array {
  const bytes = new Uint8Array(200)
  const view = new DataView(bytes.buffer)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  view.setUint16(16, 2, true)
  view.setUint16(18, 243, true)
  view.setUint32(20, 1, true)
  view.setUint32(24, 0x1004, true)
  view.setUint32(28, 52, true)
  view.setUint16(40, 52, true)
  view.setUint16(42, 32, true)
  view.setUint16(44, 2, true)
  const header = (at: number, offset: number, address: number, size: number, memory: number): void => {
    for (const [index, value] of [1, offset, address, address, size, memory, 7, 4].entries())
      view.setUint32(at + 4 * index, value, true)
  }
  header(52, 120, 0x1000, 8, 24)
  header(84, 128, 0x2000, 4, 4)
  for (let at = 0; at < 12; at++) bytes[120 + at] = at + 1
  return bytes
}

/** A board with RAM up to 0x8000 that keeps what it is sent. */
function boardOf(returned = 0) {
  const uploads: [number, number[]][] = []
  const calls: number[][] = []
  const session = {
    info: { ram: { low: 0, high: 0x8000 } },
    upload: (address: number, data: Uint8Array, options: { onProgress?: (done: number) => void }) => {
      uploads.push([address, [...data]])
      options.onProgress?.(data.length)
      return Promise.resolve()
    },
    call: (entry: number, argument: number, other: number) => {
      calls.push([entry, argument, other])
      return Promise.resolve({ returned, cycles: 5 })
    }
  }
  return { session: session as never, uploads, calls }
}
const io = { inputBytes: 64, outputCount: 2 } as never

describe('a compiled network on a board', () => {
  it('is loaded by segment, with zeros where the program expects them, and progress over all', async () => {
    const { session, uploads } = boardOf()
    const progress: [number, number][] = []
    const signal = new AbortController().signal
    const { place } = await loadProgram(session, smallElf(), io, {
      ...{ signal, onProgress: (done, total) => void progress.push([done, total]) }
    })
    expect(uploads).toEqual([
      [0x1000, [1, 2, 3, 4, 5, 6, 7, 8]],
      [0x2000, [9, 10, 11, 12]],
      [0x1008, new Array<number>(16).fill(0)]
    ])
    expect(progress).toEqual([
      [8, 12],
      [12, 12]
    ])
    // The request stands at the next 16 bytes behind the program, the inputs 16 bytes behind it.
    expect(place.inputAddress).toBe(0x2020)
  })

  it('is called with its inputs, its outputs and their number, and its own return is checked', async () => {
    const { session, uploads, calls } = boardOf()
    const options = { signal: new AbortController().signal, onProgress: () => undefined }
    const runner = await loadProgram(session, smallElf(), io, options)
    expect(await runner.execute(3, 0)).toEqual({ cycles: 5 })
    const [address, bytes] = uploads.at(-1)!
    const words = [...new Uint32Array(Uint8Array.from(bytes).buffer)]
    expect([address, words]).toEqual([0x2010, [runner.place.inputAddress, runner.place.outputAddress, 3]])
    expect(calls).toEqual([[0x1004, 0x2010, 0]])
    const failing = await loadProgram(boardOf(4).session, smallElf(), io, options)
    await expect(failing.execute(1, 0)).rejects.toMatchObject({ code: 'board.refused' })
  })
})

it.each([
  ['riscv64-unknown-elf-gcc', /needs riscv64-unknown-elf-gcc/],
  ['make', /needs make/]
])('a missing %s is named with its package', async (missing, message) => {
  const findProgram = (names: string[]) => Promise.resolve(names.includes(missing) ? null : '/usr/bin/there')
  const spawn = (() => undefined) as never
  const built = createToolchain({ spawn, findProgram }).buildCallable([], new AbortController().signal)
  await expect(built).rejects.toMatchObject({
    code: 'tool.missing',
    message: expect.stringMatching(message) as string
  })
})
