import { spawn } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { composeBitbench, type Bitbench } from '@main/compose'
import { createResultStore, quantizerVersion, type ResultKey } from '@main/model/accuracy/resultStore'
import { schemeKey, uniformScheme, type Scheme } from '@core/quant/scheme'
import { withForeignResults } from '@main/model/accuracy/sharedResults'
import type { CommandInput, CommandName, CommandOutput } from '@shared/contract'
import { addCampaign, addRecording, addSearch } from '../../support/sessionBench'

/** Two data folders that share one folder, whose name has a space and what a glob or SQL would take for its own. */
let root: string
let folder: string
let one: Bitbench
let two: Bitbench

const open = (name: string): Promise<Bitbench> =>
  composeBitbench({ host: 'cli', dataFolder: path.join(root, name), log: () => undefined })

async function call<K extends CommandName>(
  at: Bitbench,
  name: K,
  input: CommandInput<K>
): Promise<CommandOutput<K>> {
  const reply = await at.dispatch(name, input, { signal: new AbortController().signal })
  if (!reply.ok) throw Object.assign(new Error(reply.error.message), reply.error)
  return reply.value as CommandOutput<K>
}

async function publish(
  at: Bitbench,
  input: CommandInput<'shared.publish'> = {}
): Promise<CommandOutput<'shared.outcome'>> {
  const { jobId } = await call(at, 'shared.publish', input)
  const { error } = await at.jobs.follow(jobId)
  if (error !== null) throw Object.assign(new Error(error.message), error)
  return await call(at, 'shared.outcome', { jobId })
}

const counts = async (at: Bitbench): Promise<Record<string, number>> => {
  const found: Record<string, number> = {}
  for (const view of ['runs', 'samples', 'readings', 'results'])
    found[view] = Number(
      (await call(at, 'shared.query', { sql: `SELECT count(*) FROM ${view}` })).rows[0]![0]
    )
  return found
}

/** Every file in the shared folder, from its top. */
const filesIn = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()

const key: ResultKey = { modelId: 'm1', dataSetId: 'd1', split: 'search', method: 'ptq', scheme: 'fc:4/8' }
const judged = {
  ...{
    images: 4,
    correct: 3,
    accuracy: 0.75,
    metrics: { accuracy: 0.75 },
    right: Uint8Array.from([1, 0, 1, 1])
  },
  ...{ kl: 0.1, crossEntropy: 0.5, mse: 0.2, fittedOn: null, durationMs: 1000 }
}

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'bitbench-shared-'))
  folder = path.join(root, "a lab's [shared] folder")
  mkdirSync(folder)
  one = await open('one')
  two = await open('two')
  await call(one, 'shared.use', { folder, name: 'lab-one' })
  await call(two, 'shared.use', { folder, name: 'lab-two' })
})
afterEach(async () => {
  await one.close()
  await two.close()
  rmSync(root, { recursive: true, force: true })
})

/** A campaign of two Samples, a recording of three readings, a search and a result. */
async function fill(at: Bitbench, mark: string): Promise<void> {
  await addCampaign(at.store, `camp-${mark}`, 'virtual:small')
  await addRecording(at.store, `rec-${mark}`, [50, 60, 70])
  await addSearch(at.store, `search-${mark}`)
  await createResultStore(at.store).put({ ...key, modelId: `m-${mark}` }, judged, Date.UTC(2026, 0, 2, 3))
}

describe('a shared folder of two hosts', () => {
  it('holds what both published, once, however often they publish', async () => {
    await fill(one, 'a')
    await fill(two, 'b')
    expect(await publish(one)).toMatchObject({ unchanged: 0, notes: [] })
    await publish(two)
    const all = { runs: 6, samples: 4, readings: 6, results: 2 }
    expect(await counts(one)).toEqual(all)
    const before = filesIn()
    const again = await publish(one)
    // The record of the host alone, for it says when it published last.
    expect(again).toMatchObject({ written: 1, unchanged: 7, rows: 0 })
    expect(filesIn()).toEqual(before)
    expect(await counts(two)).toEqual(all)
    const { hosts, leftOut } = await call(two, 'shared.status', {})
    expect(leftOut).toEqual([])
    expect(
      hosts.map(({ host, isHere, runs, samples, readings, results }) => [
        host.slice(0, 7),
        isHere,
        runs,
        samples,
        readings,
        results
      ])
    ).toEqual([
      ['lab-one', false, 3, 2, 3, 1],
      ['lab-two', true, 3, 2, 3, 1]
    ])
  })

  it('writes only what is new, and a changed run over its old files', async () => {
    await fill(one, 'a')
    await publish(one)
    const oldSession = filesIn().filter((file) => file.includes('search-a'))
    await addCampaign(one.store, 'camp-new', 'virtual:small', { times: [5, 6], sampleIds: ['n1', 'n2'] })
    // Samples, session, list and record of the host.
    expect(await publish(one)).toMatchObject({ written: 4, unchanged: 6 })
    await call(one, 'run.rename', { id: 'search-a', name: 'The best one' })
    await publish(one)
    const sessions = filesIn().filter((file) => file.includes('search-a'))
    expect(sessions).toHaveLength(1)
    expect(sessions).not.toEqual(oldSession)
    expect(await counts(one)).toEqual({ runs: 4, samples: 4, readings: 3, results: 1 })
    const { runs } = await call(two, 'shared.runs', { text: 'best' })
    expect(runs.map(({ id, name, host }) => [id, name, host.slice(0, 7)])).toEqual([
      ['search-a', 'The best one', 'lab-one']
    ])
  })

  it('gives a run of another host to be compared here, marked with it, and never published again by this one', async () => {
    await addSearch(one.store, 'search-a', { accuracy: 0.95 })
    await addSearch(two.store, 'search-b', { accuracy: 0.9 })
    await publish(one)
    const { runs } = await call(two, 'shared.runs', {})
    expect(runs).toMatchObject([{ id: 'search-a', kind: 'search', hereAs: null }])
    const host = runs[0]!.host
    const taken = await call(two, 'shared.take', { host, ids: ['search-a'] })
    expect(taken.runs).toMatchObject([{ id: 'search-a', state: 'added' }])
    const { run } = await call(two, 'run.get', { id: 'search-a' })
    const { hosts } = await call(two, 'shared.status', {})
    expect(run.origin).toMatchObject({ host, version: hosts[0]!.version })
    expect((await call(two, 'shared.runs', {})).runs).toMatchObject([{ hereAs: 'search-a' }])
    expect((await call(two, 'shared.take', { host, ids: ['search-a'] })).runs).toMatchObject([
      { state: 'alreadyHere' }
    ])
    expect((await call(two, 'run.compare', { ids: ['search-b', 'search-a'] })).runs).toHaveLength(2)
    await publish(two)
    expect(await counts(one)).toMatchObject({ runs: 2 })
    expect((await call(one, 'shared.runs', {})).runs.map(({ id }) => id)).toEqual(['search-b'])
  })

  it('keeps a run whose id has other content here under a new id, and knows it by that', async () => {
    await addSearch(one.store, 'same', { accuracy: 0.95 })
    await addSearch(two.store, 'same', { accuracy: 0.5 })
    await publish(one)
    const host = (await call(two, 'shared.runs', {})).runs[0]!.host
    const { runs } = await call(two, 'shared.take', { host, ids: ['same'] })
    expect(runs).toMatchObject([{ state: 'addedUnderNewId' }])
    expect((await call(two, 'shared.runs', {})).runs[0]!.hereAs).toBe(runs[0]!.id)
  })

  it('takes a run out again, with its files', async () => {
    await fill(one, 'a')
    await publish(one)
    expect(await call(one, 'shared.withdraw', { runIds: ['camp-a', 'unknown'] })).toEqual({ withdrawn: 1 })
    expect(filesIn().filter((file) => file.includes('camp-a'))).toEqual([])
    expect(await counts(two)).toEqual({ runs: 2, samples: 0, readings: 3, results: 1 })
  })

  it('takes out what a killed publication left in it unlisted', async () => {
    await fill(one, 'a')
    await publish(one)
    await one.store.run(`DELETE FROM shared_run WHERE run_id = 'camp-a'`)
    await one.store.run('DELETE FROM shared_part')
    expect(await call(one, 'shared.withdraw', { runIds: ['camp-a', '../camp-a', ''] })).toEqual({
      withdrawn: 1
    })
    expect(filesIn().filter((file) => file.includes('camp-a'))).toEqual([])
    expect(await counts(two)).toEqual({ runs: 2, samples: 0, readings: 3, results: 1 })
  })

  it('holds a host once: another name is refused once it has published, and was free before', async () => {
    await call(one, 'shared.use', { folder, name: 'lab-1' })
    await call(one, 'shared.use', { folder, name: 'lab-one' })
    await fill(one, 'a')
    await publish(one)
    await expect(call(one, 'shared.use', { folder, name: 'renamed' })).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('as lab-one')
    })
    await call(one, 'shared.forget', {})
    await expect(call(one, 'shared.use', { folder, name: 'renamed' })).rejects.toMatchObject({
      code: 'input.invalid'
    })
    expect(await call(one, 'shared.use', { folder })).toMatchObject({ name: 'lab-one' })
  })

  it('leaves a run its own that another host published too', async () => {
    await addSearch(one.store, 'same', { accuracy: 0.95 })
    await addSearch(two.store, 'same', { accuracy: 0.95 })
    await publish(one)
    const host = (await call(two, 'shared.runs', {})).runs[0]!.host
    expect((await call(two, 'shared.take', { host, ids: ['same'] })).runs).toMatchObject([
      { state: 'alreadyHere' }
    ])
    await publish(two)
    expect(await counts(one)).toMatchObject({ runs: 2 })
  })

  it('publishes chosen runs and kinds alone', async () => {
    await fill(one, 'a')
    await publish(one, { what: ['samples'], runIds: ['camp-a'] })
    expect(await counts(two)).toEqual({ runs: 1, samples: 2, readings: 0, results: 0 })
    const { runs } = await call(two, 'shared.runs', {})
    await expect(call(two, 'shared.take', { host: runs[0]!.host, ids: ['camp-a'] })).rejects.toMatchObject({
      code: 'data.missing',
      message: expect.stringContaining('without its session file')
    })
    await expect(
      call(one, 'shared.publish', { runIds: ['none'] }).then(({ jobId }) => one.jobs.follow(jobId))
    ).resolves.toMatchObject({
      error: { code: 'input.notFound' }
    })
  })
})

describe('results of other hosts', () => {
  const lenetAtInt8 = async (at: Bitbench): Promise<[string, Scheme]> => {
    const { models } = await call(at, 'model.list', {})
    const { id } = models.find(({ shipped, name }) => shipped && name.startsWith('lenet5'))!
    const layers = await at.model.layers(id)
    const names = layers.map(({ name }) => name)
    return [id, uniformScheme(names, 8, 8)]
  }
  const results = (at: Bitbench) =>
    withForeignResults(createResultStore(at.store), at.sharedFolder.findResult, at.sharedFolder.reused)

  it('are used by evaluations here, kept with their host, and not published again', async () => {
    await createResultStore(one.store).put(key, judged, 1000)
    await createResultStore(one.store).put({ ...key, method: 'retrain', scheme: 'fc:2/8' }, judged, 1000)
    await publish(one)
    expect(await counts(two)).toMatchObject({ results: 1 })
    expect(await results(two).get(key)).toEqual({ judged, atMs: 1000 })
    expect(await results(two).get({ ...key, scheme: 'fc:3/8' })).toBeNull()
    expect(await two.store.all('SELECT left(shared_from, 7) AS host FROM result')).toEqual([
      { host: 'lab-one' }
    ])
    expect(await call(two, 'shared.status', {})).toMatchObject({ reused: 1 })
    await publish(two)
    expect(await counts(one)).toMatchObject({ results: 1 })
  })

  it('spare a search their evaluations', async () => {
    const request = { method: 'ptq' as const, split: 'search' as const }
    const { models } = await call(one, 'model.list', {})
    const modelId = models.find(({ shipped, name }) => shipped && name.startsWith('lenet5'))!.id
    const evaluate = async (at: Bitbench) => {
      const { jobId } = await call(at, 'model.evaluate', { modelId, scheme: null, ...request })
      expect((await at.jobs.follow(jobId)).error).toBeNull()
      return (await call(at, 'model.evaluations', { modelId })).evaluations.at(-1)!
    }
    const computed = await evaluate(one)
    await publish(one)
    const found = await evaluate(two)
    expect(found).toEqual({ ...computed, cached: true })
    expect(await call(two, 'shared.status', {})).toMatchObject({ reused: 1 })
  })

  it('of another number of items are left alone', async () => {
    const [modelId, scheme] = await lenetAtInt8(one)
    const measure = (at: Bitbench) => at.model.measure(modelId, scheme, 'search', 'ptq')
    const computed = await measure(one)
    await publish(one)
    const [stored] = await one.store.all<{ judged: string }>('SELECT judged FROM result')
    const whole = JSON.parse(stored!.judged) as { right: string; images: number }
    const right = Buffer.from(whole.right, 'base64')
    const fewer = { ...whole, images: right.length - 1, right: right.subarray(1).toString('base64') }
    const file = filesIn().find((name) => name.startsWith('results'))!
    await rewrite(path.join(folder, file), `'${JSON.stringify(fewer)}' AS judged`)
    const found = await measure(two)
    expect(found.computedMs).not.toBeNull()
    expect(found).toEqual({ ...computed, computedMs: found.computedMs })
  })

  it('that were kept with another number of items are not used again', async () => {
    const [modelId, scheme] = await lenetAtInt8(one)
    const dataSetId = 'fashion-subset-1'
    const kept = { modelId, dataSetId, split: 'search', method: 'ptq', scheme: schemeKey(scheme) }
    await createResultStore(one.store).put(kept, judged, 1000, 'lab-two')
    expect(await one.model.measure(modelId, scheme, 'search', 'ptq')).toMatchObject({ images: 1500 })
  })

  it('are not used where this is not wanted', async () => {
    await createResultStore(one.store).put(key, judged, 1000)
    await publish(one)
    await call(two, 'shared.use', { folder, reuse: false })
    expect(await results(two).get(key)).toBeNull()
  })

  it('are not used where they are of another processor kind, quantizer, or make no sense', async () => {
    await createResultStore(one.store).put(key, judged, 1000)
    await publish(one)
    const file = path.join(
      folder,
      filesIn().find((name) => name.startsWith('results'))!
    )
    for (const change of [
      `'other-kind' AS arithmetic`,
      `${quantizerVersion + 1} AS quantizer`,
      `'{"images":4}' AS judged`,
      `replace(judged, '"images":4', '"images":5') AS judged`,
      // What is right of the last item: 2.
      `replace(judged, 'AQABAQ==', 'AQABAg==') AS judged`
    ]) {
      await rewrite(file, change)
      const fresh = await open(`fresh-${change.length}`)
      await call(fresh, 'shared.use', { folder })
      expect((await call(fresh, 'shared.status', {})).leftOut).toEqual([])
      expect(await results(fresh).get(key)).toBeNull()
      await fresh.close()
    }
  })
})

/** Writes a Parquet file with columns of it replaced. */
async function rewrite(file: string, replaced: string, to = file): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const quoted = (name: string): string => `'${name.replaceAll("'", "''")}'`
  await connection.run(
    `CREATE TABLE t AS SELECT * REPLACE (${replaced}) FROM read_parquet(${quoted(file)}, hive_partitioning = false)`
  )
  await connection.run(`COPY t TO ${quoted(to)} (FORMAT parquet)`)
  connection.closeSync()
  instance.closeSync()
}

describe('files of strangers', () => {
  it('are named and left out, and the rest is still listed', async () => {
    await fill(one, 'a')
    await fill(two, 'b')
    await publish(one)
    await publish(two)
    const samples = path.join(
      folder,
      'samples',
      readdirSync(path.join(folder, 'samples')).find((name) => name.includes('lab-one'))!
    )
    const good = path.join(samples, 'camp-a.parquet')
    const at = (name: string): string => path.join(samples, name)
    const bytes = readFileSync(good)
    writeFileSync(at('text.parquet'), 'no Parquet at all')
    writeFileSync(at('cut.parquet'), bytes.subarray(0, bytes.length - 100))
    const torn = Buffer.from(bytes)
    torn.fill(0xff, 8, 200)
    writeFileSync(at('torn.parquet'), torn)
    writeFileSync(at('empty.parquet'), '')
    await rewrite(good, '2 AS schema_version', at('newer.parquet'))
    await rewrite(good, `'text' AS time`, at('type.parquet'))
    await rewrite(good, `'lab-two' AS host_name`, at('liar.parquet'))
    symlinkSync('/etc/passwd', at('link.parquet'))
    writeFileSync(at('large.parquet'), '')
    truncateSync(at('large.parquet'), 2 ** 30 + 1)
    const { leftOut, hosts } = await call(two, 'shared.status', {})
    expect(Object.fromEntries(leftOut.map(({ file, why }) => [path.basename(file), why]))).toEqual({
      'cut.parquet': expect.stringContaining('cannot be read'),
      'empty.parquet': expect.stringContaining('cannot be read'),
      'large.parquet': expect.stringContaining('at most'),
      'liar.parquet': expect.stringContaining('of another host'),
      'link.parquet': expect.stringContaining('no plain file'),
      'newer.parquet': expect.stringContaining('newer Bitbench'),
      'text.parquet': expect.stringContaining('cannot be read'),
      'torn.parquet': expect.stringContaining('cannot be read'),
      'type.parquet': expect.stringContaining('its column time is VARCHAR, not DOUBLE')
    })
    expect(hosts.map(({ samples: count }) => count)).toEqual([2, 2])
    expect(await counts(two)).toMatchObject({ samples: 4 })
  })

  it('lead out of the folder by no name of a session', async () => {
    await addSearch(one.store, 'search-a')
    await publish(one)
    const list = path.join(
      folder,
      filesIn().find((name) => name.endsWith('runs.parquet'))!
    )
    const { runs } = await call(two, 'shared.runs', {})
    await rewrite(list, `'../../../../etc/passwd' AS session`)
    await expect(call(two, 'shared.take', { host: runs[0]!.host, ids: ['search-a'] })).rejects.toMatchObject({
      code: 'data.missing'
    })
    await rewrite(list, `'${'x'.repeat(20)}.bbsession' AS session`)
    await expect(call(two, 'shared.take', { host: runs[0]!.host, ids: ['search-a'] })).rejects.toMatchObject({
      message: expect.stringContaining('is not there')
    })
  })

  it('are refused as a session when they are not the one that is listed', async () => {
    await addSearch(one.store, 'search-a')
    await publish(one)
    const session = path.join(
      folder,
      filesIn().find((name) => name.endsWith('.bbsession'))!
    )
    writeFileSync(session, readFileSync(session).fill(0, 40, 60))
    const { runs } = await call(two, 'shared.runs', {})
    await expect(call(two, 'shared.take', { host: runs[0]!.host, ids: ['search-a'] })).rejects.toMatchObject({
      message: expect.stringContaining('another one than the list names')
    })
    expect((await call(two, 'run.list', {})).runs).toEqual([])
  })

  it('are queried by one SELECT alone, which sees nothing outside the folder', async () => {
    await fill(one, 'a')
    await publish(one)
    const { columns, rows, more } = await call(two, 'shared.query', {
      sql: 'SELECT kernel, dims, count(*) AS n FROM samples GROUP BY ALL ORDER BY dims',
      limit: 1
    })
    expect([columns, more]).toEqual([['kernel', 'dims', 'n'], true])
    expect(rows).toEqual(
      [['matmul', '["1","32","16"]', '1']].map(([kernel, , n]) => [kernel, expect.any(String), n])
    )
    expect((await call(two, 'shared.query', { sql: 'DESCRIBE runs' })).rows[0]![0]).toBe('host')
    const target = path.join(folder, 'x.parquet')
    for (const sql of [
      `COPY runs TO '${target.replaceAll("'", "''")}'`,
      'SELECT 1; SELECT 2',
      "SET memory_limit = '90GB'",
      'CREATE TABLE x AS SELECT 1',
      `SELECT * FROM read_text('/etc/hostname')`,
      `SELECT * FROM read_parquet('s3://bucket/x.parquet')`,
      'SELECT * FROM nothing',
      `SELECT * FROM enable_logging(storage = 'file', storage_path = '${path.join(folder, 'logs').replaceAll("'", "''")}')`,
      `SELECT * FROM "ENABLE_LOGGING" /* logs */ (storage = 'stdout')`,
      `SELECT * FROM query('SELECT * FROM enable_logging()')`,
      `SELECT current_setting('s3_secret_access_key')`,
      'SELECT * FROM pg_catalog.pg_settings',
      'CALL enable_logging()',
      'PRAGMA enable_profiling'
    ])
      await expect(call(two, 'shared.query', { sql }), sql).rejects.toMatchObject({ code: 'input.invalid' })
    expect(filesIn()).not.toContain('x.parquet')
    expect(readdirSync(folder)).not.toContain('logs')
    // A name in a text is no function, and a column may be called as one.
    const named = `SELECT 'enable_logging' AS query, kind FROM runs LIMIT 1`
    expect((await call(two, 'shared.query', { sql: named })).columns).toEqual(['query', 'kind'])
  })

  it('say nothing to a terminal, and give its host as they name it', async () => {
    await addSearch(one.store, 'search-a')
    await publish(one)
    const of = (table: string): string =>
      path.join(
        folder,
        filesIn().find((name) => name.startsWith(`${table}/`))!
      )
    await rewrite(of('runs'), `'a' || chr(27) || '[2Jb' AS name`)
    await rewrite(of('hosts'), `'9.9' || chr(7) AS version`)
    const { runs } = await call(two, 'shared.runs', {})
    expect(runs[0]!.name).toBe('a [2Jb')
    expect((await call(two, 'shared.status', {})).hosts[0]!.version).toBe('9.9 ')
    await call(two, 'shared.take', { host: runs[0]!.host, ids: ['search-a'] })
    expect((await call(two, 'run.get', { id: 'search-a' })).run.origin?.version).toBe('9.9 ')
    await rewrite(of('runs'), `id || chr(27) AS id`)
    expect((await call(two, 'shared.runs', {})).runs).toEqual([])
  })

  it('cannot break the list of hosts with times and versions that are none', async () => {
    await fill(one, 'a')
    await fill(two, 'b')
    await publish(one)
    await publish(two)
    const of = (table: string): string =>
      path.join(
        folder,
        filesIn().find((name) => name.startsWith(`${table}/`) && name.includes('lab-one'))!
      )
    await rewrite(of('hosts'), 'NULL::VARCHAR AS version')
    const { hosts } = await call(two, 'shared.status', {})
    expect(hosts.map(({ version }) => version === '')).toEqual([true, false])
    await rewrite(of('hosts'), `'NaN'::DOUBLE AS published_at_ms`)
    await rewrite(of('runs'), '1e300 AS started_at_ms')
    await rewrite(of('results'), 'NULL::DOUBLE AS at_ms')
    const after = await call(two, 'shared.status', {})
    expect(after.hosts.map(({ host }) => host.slice(0, 7))).toEqual(['lab-two'])
    expect(after.leftOut.map(({ why }) => why)).toEqual([
      'its column published_at_ms has values that are no time',
      'its column started_at_ms has values that are no time',
      'its column at_ms has values that are no time'
    ])
  })

  it('are not written through: a link in place of a folder of this host is refused and named', async () => {
    await fill(one, 'a')
    await publish(one)
    const samples = path.join(folder, 'samples', readdirSync(path.join(folder, 'samples'))[0]!)
    const elsewhere = path.join(root, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(path.join(elsewhere, 'camp-a.parquet'), 'of another program')
    rmSync(samples, { recursive: true })
    symlinkSync(elsewhere, samples)
    await expect(publish(one)).rejects.toMatchObject({ code: 'store.exportFailed' })
    await expect(call(one, 'shared.withdraw', { runIds: ['camp-a'] })).rejects.toMatchObject({
      code: 'store.exportFailed'
    })
    expect(readFileSync(path.join(elsewhere, 'camp-a.parquet'), 'utf8')).toBe('of another program')
    expect((await call(two, 'shared.status', {})).leftOut).toEqual([
      { file: samples, why: 'it is a link or no folder' }
    ])
  })
})

describe('a publication that does not come to its end', () => {
  it('leaves no half file and goes on where it stopped', async () => {
    await fill(one, 'a')
    const done = await publish(one)
    const complete = filesIn()
    // As a kill leaves it: files that were not remembered, one that was being written, and no list yet.
    await one.store.run('DELETE FROM shared_part')
    for (const file of complete.filter((name) => name.startsWith('runs') || name.startsWith('hosts')))
      rmSync(path.join(folder, file))
    const samples = path.join(folder, path.dirname(complete.find((name) => name.startsWith('samples'))!))
    copyFileSync(
      path.join(samples, 'camp-a.parquet'),
      path.join(samples, '.camp-a.parquet.0123456789ab.unfinished')
    )
    expect(await counts(two)).toMatchObject({ runs: 0, samples: 2 })
    expect((await publish(one)).written).toBe(done.written)
    expect(filesIn()).toEqual(complete)
    expect(await counts(two)).toEqual({ runs: 3, samples: 2, readings: 3, results: 1 })
  })

  it(
    'that was killed is gone on with by the next, and nothing is there twice',
    { timeout: 600_000 },
    async () => {
      const runs = 12
      for (let run = 0; run < runs; run++) await addCampaign(one.store, `camp-${run}`, 'virtual:small')
      await one.close()
      const child = spawn(
        process.execPath,
        [path.resolve('bin/bitbench.mjs'), 'shared', 'publish', '--data', path.join(root, 'one')],
        { stdio: 'ignore' }
      )
      onTestFinished(() => void child.kill('SIGKILL'))
      const ended = new Promise((resolve) => child.once('exit', resolve))
      const written = (): number => filesIn().filter((name) => /^s.*(parquet|bbsession)$/.test(name)).length
      await expect.poll(written, { timeout: 60_000, interval: 5 }).toBeGreaterThan(3)
      child.kill('SIGKILL')
      await ended
      const { leftOut } = await call(two, 'shared.status', {})
      expect(leftOut).toEqual([])
      const before = await counts(two)
      // On a busy machine all may have been written before this process was given its turn to kill.
      if (written() < 2 * runs) expect(before['runs']).toBe(0)
      expect(before['samples']! % 2).toBe(0)
      one = await open('one')
      const outcome = await publish(one)
      expect(outcome.unchanged).toBeGreaterThan(0)
      expect(await counts(two)).toEqual({ runs, samples: 2 * runs, readings: 0, results: 0 })
      expect(filesIn().filter((name) => name.includes('unfinished'))).toEqual([])
      expect(written()).toBe(2 * runs)
    }
  )

  it('does not touch the unfinished files of another host', async () => {
    await fill(one, 'a')
    await publish(two)
    const own = path.join(folder, 'samples', readdirSync(path.join(folder, 'samples'))[0]!)
    const theirs = path.join(own, '.camp-z.parquet.0123456789ab.unfinished')
    writeFileSync(theirs, 'half')
    await publish(one)
    expect(statSync(theirs).size).toBe(4)
  })
})

describe('a folder that cannot be used', () => {
  it('is refused when it is named, and reported when it is gone later, without being made again', async () => {
    await expect(call(one, 'shared.use', { folder: path.join(root, 'none') })).rejects.toMatchObject({
      code: 'data.missing'
    })
    writeFileSync(path.join(root, 'file'), '')
    await expect(call(one, 'shared.use', { folder: path.join(root, 'file') })).rejects.toMatchObject({
      code: 'input.invalid'
    })
    mkdirSync(path.join(root, 'host=other'))
    await expect(call(one, 'shared.use', { folder: path.join(root, 'host=other') })).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('"="')
    })
    rmSync(folder, { recursive: true })
    expect(await call(one, 'shared.status', {})).toMatchObject({ folder, problem: { code: 'data.missing' } })
    await expect(call(one, 'shared.publish', {})).rejects.toMatchObject({ code: 'data.missing' })
    expect(readdirSync(root)).not.toContain(path.basename(folder))
  })

  it('behind s3:// names the extension that is missing and what to do', async () => {
    await expect(call(one, 'shared.use', { folder: 's3://bucket/lab' })).rejects.toMatchObject({
      code: 'tool.missing',
      message: expect.stringContaining('httpfs'),
      hint: expect.stringContaining('--install')
    })
    expect(await call(one, 'shared.status', {})).toMatchObject({ folder })
  })

  it('is not read before one is named, nor after it was forgotten', async () => {
    await call(one, 'shared.forget', {})
    expect(await call(one, 'shared.status', {})).toMatchObject({ folder: null, hosts: [], problem: null })
    await expect(call(one, 'shared.runs', {})).rejects.toMatchObject({ code: 'input.notFound' })
    expect(statSync(path.join(root, 'two', 'shared.json')).mode & 0o777).toBe(0o600)
  })
})
