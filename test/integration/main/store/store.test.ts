import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawn, spawnSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore, type Store } from '@main/store/store'
import { AppError } from '@shared/errors'

const migrations = [
  {
    noun: 'sample',
    steps: [
      'CREATE TABLE sample (id VARCHAR PRIMARY KEY, cycles BIGINT, mean DOUBLE, valid BOOLEAN, raw BLOB)',
      'ALTER TABLE sample ADD COLUMN note VARCHAR'
    ]
  }
]
let folder: string
let file: string
const opened: Store[] = []
const open = async (options: Partial<Parameters<typeof openStore>[0]> = {}): Promise<Store> => {
  const store = await openStore({ file, migrations, ...options })
  opened.push(store)
  return store
}

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-store-'))
  file = path.join(folder, 'nested', 'bitbench.duckdb')
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('store', () => {
  it('gives back what it was given, by insert and by append', async () => {
    const store = await open({ file: ':memory:' })
    await store.run('INSERT INTO sample VALUES ($1, $2, $3, $4, $5, $6)', [
      'a',
      2 ** 52,
      1.5,
      true,
      new Uint8Array([0, 255]),
      null
    ])
    await store.append('sample', [
      { id: 'b', cycles: 7, mean: 0.25, valid: false, raw: new Uint8Array([1]), note: 'x' },
      { id: 'c', cycles: null }
    ])
    const rows = await store.all('SELECT * FROM sample ORDER BY id')
    expect(
      rows.map((row) => ({ ...row, raw: row['raw'] === null ? null : [...(row['raw'] as Uint8Array)] }))
    ).toEqual([
      { id: 'a', cycles: 2 ** 52, mean: 1.5, valid: true, raw: [0, 255], note: null },
      { id: 'b', cycles: 7, mean: 0.25, valid: false, raw: [1], note: 'x' },
      { id: 'c', cycles: null, mean: null, valid: null, raw: null, note: null }
    ])
  })

  it('appends columns over the border of a chunk: NaN and columns that are missing are NULL', async () => {
    const store = await open({ file: ':memory:' })
    const count = 5_000
    const mean = Float64Array.from({ length: count }, (_, row) => (row % 7 === 0 ? NaN : row / 4))
    await store.run('CREATE TABLE reading (id VARCHAR, mean DOUBLE, valid BOOLEAN)')
    await store.appendColumns('reading', count, { id: 'a', mean })
    await store.appendColumns('reading', 0, { id: 'b' })
    const rows = await store.all('SELECT id, mean, valid FROM reading')
    expect(rows).toEqual(
      Array.from(mean, (value) => ({ id: 'a', mean: Number.isNaN(value) ? null : value, valid: null }))
    )
    await expect(store.appendColumns('reading', 1, { volts: 'x' })).rejects.toThrow(/no column volts/)
  })

  it('stores nothing of an append that it refuses', async () => {
    const store = await open({ file: ':memory:' })
    await store.run('CREATE TABLE reading (id VARCHAR, mean DOUBLE NOT NULL, count BIGINT)')
    await store.append('reading', [{ id: 'a', mean: 1, count: 2 }])
    const rows = Array.from({ length: 5_000 }, (_, row) => ({
      ...{ id: 'b', mean: row, count: row === 4_000 ? 1.5 : row }
    }))
    await expect(store.append('reading', rows)).rejects.toThrow(/not an integer/)
    // More rows than an appender gathers before it writes.
    const mean = Float64Array.from({ length: 220_000 }, (_, row) => (row === 219_000 ? NaN : row))
    await expect(store.appendColumns('reading', mean.length, { id: 'c', mean })).rejects.toThrow(/NOT NULL/)
    expect(await store.all('SELECT * FROM reading')).toEqual([{ id: 'a', mean: 1, count: 2 }])
    await store.appendColumns('reading', 2, { id: 'd', mean: Float64Array.of(3, 4) })
    expect(await store.all('SELECT mean FROM reading ORDER BY mean')).toEqual([
      { mean: 1 },
      { mean: 3 },
      { mean: 4 }
    ])
  })

  it('migrates an old file to the newest version and keeps its rows', async () => {
    const old = await open({ migrations: [{ noun: 'sample', steps: migrations[0]!.steps.slice(0, 1) }] })
    await old.run("INSERT INTO sample (id, cycles) VALUES ('a', 5)")
    await old.close()
    const store = await open()
    expect(await store.all('SELECT id, cycles, note FROM sample')).toEqual([
      { id: 'a', cycles: 5, note: null }
    ])
  })

  it('refuses a file of a newer Bitbench and leaves it as it was', async () => {
    await (await open()).close()
    await expect(open({ migrations: [{ noun: 'sample', steps: [] }] })).rejects.toMatchObject({
      code: 'store.corrupt',
      hint: expect.stringContaining('newer Bitbench')
    })
    expect(await (await open()).all('SELECT * FROM sample')).toEqual([])
  })

  it('undoes a step that fails half way, so that the next start tries again', async () => {
    const broken = [
      { noun: 'sample', steps: ['CREATE TABLE half (a INTEGER)', 'CREATE TABLE half (a INTEGER)'] }
    ]
    await expect(open({ migrations: broken })).rejects.toMatchObject({ code: 'store.failed' })
    const store = await open({ migrations: [{ noun: 'sample', steps: ['CREATE TABLE half (a INTEGER)'] }] })
    expect(await store.all('SELECT * FROM half')).toEqual([])
  })

  it('keeps nothing of a transaction that failed and lets no other statement in between', async () => {
    const store = await open({ file: ':memory:' })
    const failing = store.transaction(async (session) => {
      await session.run("INSERT INTO sample (id) VALUES ('lost')")
      await new Promise((resolve) => setTimeout(resolve, 5))
      throw new Error('no')
    })
    const beside = store.run("INSERT INTO sample (id) VALUES ('kept')")
    await expect(failing).rejects.toThrow('no')
    await beside
    expect(await store.all('SELECT id FROM sample')).toEqual([{ id: 'kept' }])
  })

  it('exports a query with parameters to CSV and Parquet', async () => {
    const store = await open({ file: ':memory:' })
    await store.append('sample', [
      { id: 'a', cycles: 1 },
      { id: 'b', cycles: 2 }
    ])
    const csv = path.join(folder, "o'dd", 'out.csv')
    expect(await store.exportQuery('SELECT id, cycles FROM sample WHERE cycles > $1', [1], csv, 'csv')).toBe(
      1
    )
    expect(readFileSync(csv, 'utf8')).toBe('id,cycles\nb,2\n')
    const parquet = path.join(folder, 'out.parquet')
    await store.exportQuery('SELECT id FROM sample', [], parquet, 'parquet')
    expect(await store.all(`SELECT id FROM '${parquet}' ORDER BY id`)).toEqual([{ id: 'a' }, { id: 'b' }])
  })

  it('says what is wrong: unknown column, broken SQL, a file that is no database, a closed store', async () => {
    const store = await open()
    await expect(store.append('sample', [{ id: 'a', volts: 1 }])).rejects.toThrow(/no column volts/)
    await expect(store.run('SELEKT')).rejects.toMatchObject({ code: 'store.failed' })
    await store.close()
    await expect(store.run('SELECT 1')).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('closed')
    })
    const other = path.join(folder, 'letter.duckdb')
    writeFileSync(other, 'Dear Sir or Madam,'.repeat(500))
    await expect(open({ file: other })).rejects.toMatchObject({ code: 'store.corrupt' })
  })

  it('tells a second process who owns the file and where it can be reached', async () => {
    const store = await open()
    store.announce('the web host', 'http://127.0.0.1:4100')
    const second = spawnSync(process.execPath, ['--input-type=module', '-e', openInChild(file)], {
      encoding: 'utf8',
      cwd: process.cwd()
    })
    const message = second.stdout.trim()
    expect(message).toContain(String(process.pid))
    // The child printed DuckDB's own words; translate them as openStore does.
    const { openError } = await import('@main/store/storeErrors')
    const error = openError(file, new Error(message))
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({
      code: 'store.locked',
      message: expect.stringContaining('the web host at http://127.0.0.1:4100'),
      details: { pid: process.pid, where: 'http://127.0.0.1:4100' }
    })
  })

  it('loses no acknowledged row when the process is killed', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', insertInChild(file)], {
      cwd: process.cwd()
    })
    let acknowledged = 0
    child.stdout.setEncoding('utf8')
    await new Promise<void>((resolve, reject) => {
      let text = ''
      child.stdout.on('data', (chunk: string) => {
        text += chunk
        acknowledged =
          text.lastIndexOf('\n') < 0 ? 0 : Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1))
        if (acknowledged >= 50) child.kill('SIGKILL')
      })
      child.on('exit', () => resolve())
      child.on('error', reject)
    })
    expect(acknowledged).toBeGreaterThanOrEqual(50)
    const store = await openStore({ file, migrations: [] })
    opened.push(store)
    const [row] = await store.all<{ rows: number }>('SELECT count(*) AS rows FROM t')
    expect(row!.rows).toBeGreaterThanOrEqual(acknowledged)
  })
})

/** A second process cannot import TypeScript: it speaks to DuckDB directly. */
function openInChild(target: string): string {
  return `import { DuckDBInstance } from '@duckdb/node-api'
    await DuckDBInstance.create(${JSON.stringify(target)}).then(() => console.log('opened'), (e) => console.log(e.message))`
}

function insertInChild(target: string): string {
  return `import { DuckDBInstance } from '@duckdb/node-api'
    import { mkdirSync } from 'node:fs'
    import path from 'node:path'
    mkdirSync(path.dirname(${JSON.stringify(target)}), { recursive: true })
    const c = await (await DuckDBInstance.create(${JSON.stringify(target)})).connect()
    await c.run('CREATE TABLE t (a INTEGER)')
    for (let i = 1; ; i++) { await c.run('INSERT INTO t VALUES (' + i + ')'); console.log(i) }`
}
