import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { openStore, type Store } from '@main/store/store'
import { readLosses } from '@main/store/storeLosses'
import { readWal } from '@main/store/walExtent'
import { journalOf, walOf } from '@main/store/walJournal'
import type { StoreLoss } from '@shared/contract/store'
import { lossNotice } from '@shared/text/storeLossText'

const migrations = [
  {
    noun: 'thing',
    steps: ['CREATE TABLE left_one (a INTEGER PRIMARY KEY, b VARCHAR); CREATE TABLE right_one (a INTEGER)']
  }
]
const rows = 24
const startMs = Date.UTC(2026, 0, 1)
const parts = (file: string): string[] => [file, walOf(file), journalOf(file)]

let folder: string
/** A data file as kill -9 leaves it: a checkpoint with two rows, and the changes of `rows` statements in its log. */
let killed: string
/** Size of the log after each statement, bytes. */
const sizes: number[] = []
const opened: Store[] = []

async function insert(store: Store, row: number): Promise<void> {
  const table = row % 3 === 0 ? 'right_one' : 'left_one'
  const values = table === 'left_one' ? '($1, $2)' : '($1)'
  await store.run(
    `INSERT INTO ${table} VALUES ${values}`,
    table === 'left_one' ? [row, 'x'.repeat(Math.abs(row))] : [row]
  )
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-wal-'))
  const file = path.join(folder, 'made', 'bitbench.duckdb')
  let nowMs = startMs
  const store = await openStore({ file, migrations, nowMs: () => nowMs })
  await insert(store, -1)
  await insert(store, -3)
  await store.run('CHECKPOINT')
  for (let row = 0; row < rows; row++) {
    nowMs = startMs + 1000 * row
    await insert(store, row)
    sizes.push(statSync(walOf(file)).size)
  }
  killed = path.join(folder, 'killed.duckdb')
  parts(file).forEach((part, index) => copyFileSync(part, parts(killed)[index]!))
  await store.close()
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The killed file with something done to it, opened. */
async function openDamaged(damage: (file: string) => void): Promise<{
  file: string
  losses: StoreLoss[]
  told: StoreLoss[]
  there: { left: number; right: number }
}> {
  const file = path.join(mkdtempSync(path.join(folder, 'case-')), 'bitbench.duckdb')
  parts(killed).forEach((part, index) => copyFileSync(part, parts(file)[index]!))
  damage(file)
  const told: StoreLoss[] = []
  const store = await openStore({ file, migrations, onLoss: (loss) => told.push(loss) })
  opened.push(store)
  const count = async (table: string): Promise<number> =>
    (await store.all<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE a >= 0`))[0]!.n
  const there = { left: await count('left_one'), right: await count('right_one') }
  return { file, losses: await readLosses(store), told, there }
}

const changeWal = (change: (wal: Buffer) => Buffer) => (file: string) =>
  writeFileSync(walOf(file), change(readFileSync(walOf(file))))
const expectedOf = (count: number): { left: number; right: number } => {
  const right = Math.ceil(count / 3)
  return { left: count - right, right }
}

describe('a data file that was killed', () => {
  it('opens whole and reports no loss', async () => {
    const { there, losses } = await openDamaged(() => undefined)
    expect({ there, losses }).toEqual({ there: { left: 16, right: 8 }, losses: [] })
  })

  it('reports no loss for a change that was never acknowledged, cut or full of zeros', async () => {
    for (const tail of [Buffer.from([0x32, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]), Buffer.alloc(4096)]) {
      const { there, losses } = await openDamaged(changeWal((wal) => Buffer.concat([wal, tail])))
      expect({ there, losses }).toEqual({ there: { left: 16, right: 8 }, losses: [] })
    }
  })

  it('follows the frames of the log to each acknowledged change', () => {
    expect(readWal(walOf(killed))).toEqual({
      bytes: sizes.at(-1),
      changes: rows,
      fileBytes: sizes.at(-1),
      isWhole: true
    })
    expect(readWal(walOf(killed), undefined, sizes[4])).toMatchObject({
      bytes: sizes[4],
      changes: 5,
      isWhole: false
    })
    expect(readWal(walOf(killed), undefined, sizes[4]! + 1)).toMatchObject({ bytes: sizes[4], changes: 5 })
    expect(readWal(walOf(killed), { bytes: sizes[4]!, changes: 5 })).toMatchObject({
      changes: rows,
      isWhole: true
    })
    expect(readWal(walOf(killed), { bytes: sizes.at(-1)! + 1, changes: 99 })).toMatchObject({ changes: rows })
    expect(readWal(path.join(folder, 'none'))).toEqual({ bytes: 0, changes: 0, fileBytes: 0, isWhole: true })
  })
})

describe('a damaged write-ahead log', () => {
  it('that ends early opens with the rest; the loss is stored, and the files are kept as they were', async () => {
    const { file, there, losses, told } = await openDamaged(
      changeWal((wal) => wal.subarray(0, sizes[20]! - 1))
    )
    expect(there).toEqual(expectedOf(20))
    // Statements 20 to 23: 21 went to right_one.
    const tables = [
      { name: 'left_one', changes: 3 },
      { name: 'right_one', changes: 1 }
    ]
    expect(losses).toMatchObject([{ changes: 4, sinceMs: startMs + 20_000, tables, isSeen: false }])
    expect(told).toEqual(losses)
    const [kept, keptWal] = losses[0]!.keptFiles as [string, string]
    expect(keptWal).toBe(`${kept}.wal`)
    expect(readFileSync(kept).equals(readFileSync(killed))).toBe(true)
    expect(readFileSync(keptWal).length).toBe(sizes[20]! - 1)
    expect(lossNotice(losses[0]!)).toMatchObject({
      message: expect.stringMatching(/4 stored changes since .* are lost \(left_one 3, right_one 1\)/),
      hint: expect.stringContaining(kept)
    })
    expect(path.dirname(kept)).toBe(path.dirname(file))
  })

  it('with a changed byte opens with what lies before it, instead of blaming the data file', async () => {
    const damage = changeWal((wal) => {
      wal[sizes[9]! + 40]! ^= 0x10
      return wal
    })
    const { there, losses } = await openDamaged(damage)
    expect(there).toEqual(expectedOf(10))
    expect(losses).toMatchObject([{ changes: 14, sinceMs: startMs + 10_000 }])
    expect(losses[0]!.keptFiles).toHaveLength(2)
  })

  it('that is gone is a loss of everything since the checkpoint', async () => {
    const { there, losses } = await openDamaged((file) => rmSync(walOf(file)))
    expect(there).toEqual({ left: 0, right: 0 })
    expect(losses).toMatchObject([{ changes: rows, sinceMs: startMs }])
    expect(losses[0]!.keptFiles).toHaveLength(1)
  })

  it('of another data file is a loss of what its own log held', async () => {
    const other = path.join(folder, 'other', 'bitbench.duckdb')
    mkdirSync(path.dirname(other))
    const instance = await DuckDBInstance.create(other)
    const connection = await instance.connect()
    await connection.run('CREATE TABLE stranger (a INTEGER)')
    const { losses, there } = await openDamaged((file) => copyFileSync(walOf(other), walOf(file)))
    connection.closeSync()
    instance.closeSync()
    expect(there).toEqual({ left: 0, right: 0 })
    expect(losses).toMatchObject([{ changes: rows }])
  })

  it('without a journal of what was acknowledged may have lost changes, and says so', async () => {
    const { losses } = await openDamaged((file) => {
      rmSync(journalOf(file))
      changeWal((wal) => wal.subarray(0, sizes[20]! - 1))(file)
    })
    expect(losses).toMatchObject([{ changes: null, sinceMs: null, tables: [] }])
    expect(lossNotice(losses[0]!).message).toContain('the last changes may be missing')
  })

  it('never loses an acknowledged change without a word, whatever happened to it', async () => {
    const random = createRandom(912)
    for (let round = 0; round < 24; round++) {
      const kind = round % 4
      const damage = changeWal((wal) => {
        const at = random.integer(wal.length)
        if (kind === 0) return wal.subarray(0, at)
        if (kind === 1) wal[at]! ^= 1 << random.integer(8)
        else if (kind === 2) wal.fill(0, at, at + 1 + random.integer(64))
        else return Buffer.concat([wal.subarray(0, at), wal.subarray(at + 1 + random.integer(64))])
        return wal
      })
      const { there, losses, file } = await openDamaged(damage)
      const lost = losses.flatMap(({ tables }) => tables)
      const lostIn = (name: string): number => lost.find((table) => table.name === name)?.changes ?? 0
      expect({ left: there.left + lostIn('left_one'), right: there.right + lostIn('right_one') }).toEqual({
        left: 16,
        right: 8
      })
      for (const kept of losses.flatMap(({ keptFiles }) => keptFiles)) expect(existsSync(kept)).toBe(true)
      for (const store of opened.splice(0)) await store.close()
      rmSync(path.dirname(file), { recursive: true })
    }
  })
})

it('keeps its journal true over checkpoints, transactions and appends', async () => {
  const file = path.join(folder, 'busy', 'bitbench.duckdb')
  const store = await openStore({ file, migrations })
  const copies: string[] = []
  for (let round = 0; round < 6; round++) {
    await store.transaction(async (session) => {
      for (let row = 0; row < 5; row++) await session.run('INSERT INTO right_one VALUES ($1)', [row])
    })
    await store.append('right_one', [{ a: 5 }, { a: 6 }])
    await store.transactionBeside((session) => session.run('INSERT INTO right_one VALUES (7)'))
    if (round % 2 === 1) await store.run('CHECKPOINT')
    const copy = path.join(folder, `busy-${round}.duckdb`)
    parts(file).forEach((part, index) => existsSync(part) && copyFileSync(part, parts(copy)[index]!))
    copies.push(copy)
  }
  await store.close()
  for (const [round, copy] of copies.entries()) {
    const again = await openStore({ file: copy, migrations })
    opened.push(again)
    expect(await again.all('SELECT count(*) AS n FROM right_one')).toEqual([{ n: 8 * (round + 1) }])
    expect(await readLosses(again)).toEqual([])
  }
})
