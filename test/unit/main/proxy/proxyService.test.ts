import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeCsv } from '@core/proxy/csv/writeCsv'
import { proxyTasks } from '@main/proxy/proxyTasks'
import { createProxyService, type ProxyTaskRunner } from '@main/proxy/proxyService'
import { createProxyStore, proxyMigrations, type ProxyStore } from '@main/proxy/proxyStore'
import { createJobService } from '@main/jobs/jobService'
import { openStore } from '@main/store/store'
import { proxyCli } from '@main/cli/proxy/proxy'
import { parseVerbArguments, UsageError } from '@main/cli/framework/framework'
import { proxyContract, type ProxySummary } from '@shared/contract/proxy'
import { AppError } from '@shared/errors'
import { syntheticConv } from '../../../unit/core/proxy/syntheticSamples'

const samples = syntheticConv({ shapes: 6, bits: [8, 4] })
let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-proxy-'))
  file = path.join(folder, 'conv.csv')
  writeFileSync(file, writeCsv(samples))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function service() {
  const sql = await openStore({ file: ':memory:', migrations: [proxyMigrations] })
  const store: ProxyStore = createProxyStore(sql)
  let ids = 0
  const newId = () => `id${++ids}`
  const jobs = createJobService({ emit: () => undefined, nowMs: () => 0, newId })
  const events: [string, unknown][] = []
  const context = {
    signal: new AbortController().signal,
    progress: () => undefined,
    yieldToAbort: async () => undefined
  }
  const tasks = {
    run: async (name: keyof typeof proxyTasks, input: never) =>
      structuredClone(
        (proxyTasks[name] as (input: never, context: unknown) => unknown)(structuredClone(input), context)
      )
  } as unknown as ProxyTaskRunner
  const made = createProxyService({
    store,
    boardSamples: {
      list: async () => [
        {
          boardId: 'b1',
          boardName: 'Board one',
          kernel: 'conv2d',
          unit: 'cycles',
          rows: samples.count,
          shapes: 6
        }
      ],
      load: async (_board, _kernel, quantity) =>
        quantity === 'energy' ? { ...samples, unit: 'nJ' as const } : samples
    },
    jobs,
    tasks,
    emit: (event, payload) => void events.push([event, proxyContract.events[event].parse(payload)]),
    nowMs: () => 5,
    newId
  })
  return { sql, store, made, jobs, events, call: made.handlers, close: () => sql.close() }
}

const callContext = { signal: new AbortController().signal }

describe('proxy service', () => {
  it('fits in a job, lists, shows, pins, predicts, reports and removes, all as the contract says', async () => {
    const { made, call, jobs, events, close } = await service()
    const source = { kind: 'board', boardId: 'b1' } as const
    const first = await made.fit({ source, kernel: 'conv2d', estimator: 'physics' }).result
    const second = await made.fit({ source, kernel: 'conv2d', estimator: 'residual' }).result
    expect(jobs.list().map((job) => job.state)).toEqual(['done', 'done'])
    expect(events.filter(([name]) => name === 'proxy.fitted').length).toBe(2)

    const detail = await call['proxy.detail']({ id: second.id }, callContext)
    expect(proxyContract.commands['proxy.detail'].out.parse(detail).points.length).toBe(samples.count)
    expect(detail.splits.shape!.mape).toBeGreaterThan(detail.splits.train.mape)

    await call['proxy.pin']({ id: first.id, pinned: true }, callContext)
    await call['proxy.pin']({ id: second.id, pinned: true }, callContext)
    const pinned = (await made.list())
      .filter((one: ProxySummary) => one.pinned)
      .map((one: ProxySummary) => one.id)
    expect(pinned).toEqual([second.id])
    expect((await made.proxyFor('conv2d', 'b1', 'latency'))!.estimator).toBe('residual')
    expect(await made.proxyFor('conv2d', 'elsewhere', 'latency')).toBeNull()

    // A proxy of energy is another one: it is neither chosen for latency nor does pinning it unpin that of latency.
    expect(await made.proxyFor('conv2d', 'b1', 'energy')).toBeNull()
    const energy = await made.fit({
      source: { ...source, quantity: 'energy' },
      kernel: 'conv2d',
      estimator: 'physics'
    }).result
    expect(energy.unit).toBe('nJ')
    await call['proxy.pin']({ id: energy.id, pinned: true }, callContext)
    expect((await made.proxyFor('conv2d', 'b1', 'energy'))!.unit).toBe('nJ')
    expect((await made.proxyFor('conv2d', 'b1', 'latency'))!.unit).toBe('cycles')
    expect((await made.list()).filter(({ pinned: isPinned }) => isPinned)).toHaveLength(2)

    const layers = [{ dims: samples.dims.map((column) => column[0]!), activationBits: 8, weightBits: 8 }]
    const { predictions } = await call['proxy.predict']({ id: second.id, layers, level: 0.9 }, callContext)
    expect(predictions[0]!.low).toBeLessThanOrEqual(predictions[0]!.value)
    const { files } = await call['proxy.report'](
      { id: second.id, folder: path.join(folder, 'report') },
      callContext
    )
    expect(readFileSync(files[0]!, 'utf8')).not.toMatch(/(src|href)=/)
    await call['proxy.remove']({ id: second.id }, callContext)
    await expect(call['proxy.detail']({ id: second.id }, callContext)).rejects.toThrow('no proxy')
    await close()
  })

  it('lists a stored proxy that no longer fits with what is wrong, reads old kernel names, and can remove it', async () => {
    const { sql, store, made, call, close } = await service()
    const source = { kind: 'board', boardId: 'b1' } as const
    const sound = await made.fit({ source, kernel: 'conv2d', estimator: 'physics' }).result
    const fitted = (await store.fitted(sound.id))!
    await store.add({ ...sound, id: 'old' }, fitted)
    await store.add({ ...sound, id: 'bad' }, fitted)
    await sql.run(
      `UPDATE proxy_model SET summary = replace(summary, '"conv2d"', '"dwconv2d"') WHERE id = 'old'`
    )
    await sql.run(
      `UPDATE proxy_model SET summary = replace(summary, '"rows"', '"lines"'), fitted = '{}' WHERE id = 'bad'`
    )
    const listed = proxyContract.commands['proxy.list'].out.parse(await call['proxy.list']({}, callContext))
    expect(listed.proxies.map(({ id, kernel }) => `${id} ${kernel}`).sort()).toEqual(
      [`${sound.id} conv2d`, 'old depthwiseConv2d'].sort()
    )
    expect(listed.unreadable).toEqual([{ id: 'bad', problem: expect.stringMatching(/^rows: /) }])
    await expect(store.fitted('bad')).rejects.toMatchObject({ code: 'store.corrupt' })
    await call['proxy.remove']({ id: 'bad' }, callContext)
    expect((await call['proxy.list']({}, callContext)).unreadable).toEqual([])
    await close()
  })

  it('imports files, compares estimators and transfers between sets', async () => {
    const { call, jobs, close } = await service()
    const { set } = await call['proxy.import']({ paths: [file], kernel: 'conv2d' }, callContext)
    expect([set.rows, set.shapes]).toEqual([samples.count, 6])
    await call['proxy.compare'](
      { source: set.source, kernel: 'conv2d', estimators: ['physics', 'lookup'], seed: 1 },
      callContext
    )
    await call['proxy.transfer'](
      {
        source: set.source,
        target: { kind: 'board', boardId: 'b1' },
        kernel: 'conv2d',
        sizes: [5],
        seeds: 1
      },
      callContext
    )
    await jobs.idle()
    const comparison = await call['proxy.comparison']({}, callContext)
    expect(
      proxyContract.commands['proxy.comparison'].out.parse(comparison).rows.map((row) => row.estimator)
    ).toEqual(['lookup', 'physics'])
    expect((await call['proxy.transferCurve']({}, callContext)).points.length).toBeGreaterThan(0)
    await close()
  })
})

describe('proxy command line', () => {
  const run = (verb: string, argv: string[]) => {
    const found = proxyCli.verbs[verb]!
    const context = {
      log: () => undefined,
      cwd: folder,
      json: true,
      signal: callContext.signal,
      stopInOrder: () => undefined,
      bitbench: () => Promise.reject(new Error('not needed'))
    }
    return found.run(parseVerbArguments(found, argv), context)
  }

  it('fit, predict and evaluate', async () => {
    const fitted = await run('fit', [
      'conv.csv',
      '--kernel',
      'conv2d',
      '--estimator',
      'physics',
      '--out',
      'p.json'
    ])
    expect(fitted.json).toMatchObject({ rows: samples.count, shapes: 6, estimator: 'physics' })
    const predicted = (await run('predict', ['p.json', 'conv.csv'])).json as {
      predictions: { predicted: number }[]
    }
    expect(predicted.predictions.length).toBe(samples.count)
    const evaluated = await run('evaluate', [
      'conv.csv',
      '--kernel',
      'conv2d',
      '--estimator',
      'physics',
      '--split',
      'random,shape,loso',
      '--train',
      'conv.csv',
      '--json'
    ])
    const json = evaluated.json as {
      rows: number
      splits: Record<string, { mape: number; r2: number; mae: number; p95: number }>
    }
    expect(json.rows).toBe(samples.count)
    for (const split of ['random', 'shape', 'loso']) {
      expect(
        Object.values(json.splits[split]!)
          .slice(0, 4)
          .every((value) => Number.isFinite(value as number))
      ).toBe(true)
    }
  })

  it('tells wrong usage from wrong files', async () => {
    await expect(run('evaluate', ['conv.csv'])).rejects.toBeInstanceOf(UsageError)
    await expect(run('evaluate', ['conv.csv', '--kernel', 'magic'])).rejects.toBeInstanceOf(UsageError)
    await expect(run('evaluate', ['conv.csv', '--kernel', 'conv2d', '--split', 'x'])).rejects.toBeInstanceOf(
      UsageError
    )
    await expect(run('evaluate', ['none.csv', '--kernel', 'conv2d'])).rejects.toMatchObject({
      code: 'input.notFound'
    })
    await expect(run('predict', ['conv.csv', 'conv.csv'])).rejects.toBeInstanceOf(AppError)
  })
})
