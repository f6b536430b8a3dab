import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { noWal, readWal } from '@main/store/walExtent'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench wal '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = path.join(folder, 'data.wal')

/** A version entry: type 98, version 2, an identifier of three bytes, a checkpoint of 300, the end. */
const head = [100, 0, 98, 101, 0, 2, 102, 0, 3, 1, 2, 200, 1, 103, 0, 0xac, 2, 0xff, 0xff]
const frame = (...content: number[]): number[] => [
  ...[content.length, 0, 0, 0, 0, 0, 0, 0],
  ...Array<number>(8).fill(0x55),
  ...content
]
const flush = frame(0x64, 0, 0x64, 0xff, 0xff)
const entry = frame(1, 2, 3, 4, 5)
const read = (bytes: number[], ...rest: [Parameters<typeof readWal>[1]?, number?]) => {
  writeFileSync(file, Uint8Array.from(bytes))
  return readWal(file, ...rest)
}

describe('a write-ahead log', () => {
  it('is whole up to its last committed change', () => {
    const one = [...head, ...entry, ...flush]
    expect(read(one)).toEqual({ bytes: one.length, changes: 1, fileBytes: one.length, isWhole: true })
    const two = [...one, ...entry, ...entry, ...flush]
    expect(read(two)).toEqual({ bytes: two.length, changes: 2, fileBytes: two.length, isWhole: true })
    const open = [...two, ...entry]
    expect(read(open)).toEqual({ bytes: two.length, changes: 2, fileBytes: open.length, isWhole: false })
  })

  it('ends where a frame is cut, has no size, or one that no file has', () => {
    const one = [...head, ...entry, ...flush]
    for (const rest of [flush.slice(0, -1), [9], [...Array<number>(16).fill(0), ...flush]])
      expect(read([...one, ...rest])).toMatchObject({ bytes: one.length, changes: 1, isWhole: false })
    const huge = [...Array<number>(8).fill(0xff), ...Array<number>(8).fill(0)]
    expect(read([...one, ...huge, ...flush])).toMatchObject({ bytes: one.length, changes: 1 })
  })

  it('is followed from where an earlier reading ended, and read anew where the file is shorter', () => {
    const one = [...head, ...flush]
    const from = { bytes: one.length, changes: 1 }
    expect(read([...one, ...flush, ...flush], from)).toMatchObject({ changes: 3 })
    // What stands before `from` is not looked at again.
    expect(read([...one.map(() => 0), ...flush], from)).toMatchObject({ changes: 2 })
    expect(read(one.slice(0, -1), from)).toMatchObject({ bytes: 0, changes: 0 })
    expect(read(one, from)).toMatchObject({ bytes: one.length, changes: 1, isWhole: true })
  })

  it('is not read from a place on that is known to be damaged', () => {
    const one = [...head, ...flush]
    expect(read([...one, ...flush], noWal, one.length)).toMatchObject({ bytes: one.length, changes: 1 })
    expect(read([...one, ...flush], noWal, one.length + flush.length - 1)).toMatchObject({ changes: 1 })
    expect(read([...one, ...flush], noWal, one.length + flush.length)).toMatchObject({ changes: 2 })
  })

  it('may have a head without identifier and checkpoint, and no other version', () => {
    const short = [100, 0, 98, 101, 0, 2, 0xff, 0xff]
    expect(read([...short, ...flush])).toMatchObject({ changes: 1 })
    for (const [at, value] of [
      [0, 99],
      [2, 97],
      [3, 102],
      [5, 1],
      [7, 0xfe]
    ] as const) {
      const other = [...short]
      other[at] = value
      expect(read([...other, ...flush]), `byte ${at}`).toMatchObject({ bytes: 0, changes: 0, isWhole: false })
    }
  })

  it('may be none, or empty', () => {
    expect(readWal(path.join(folder, 'absent'))).toEqual({
      bytes: 0,
      changes: 0,
      fileBytes: 0,
      isWhole: true
    })
    expect(read([])).toEqual({ bytes: 0, changes: 0, fileBytes: 0, isWhole: true })
  })
})
