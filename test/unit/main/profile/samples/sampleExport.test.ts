import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kernelSpec } from '@core/kernel/spec'
import { createRandom } from '@core/math/random'
import { profileMigrations } from '@main/profile/profileService'
import { readProfileCsv } from '@core/proxy/csv/readCsv'
import { createSampleExchange } from '@main/profile/samples/sampleCommands'
import { samplesToCsv } from '@main/profile/samples/sampleCsv'
import { createSampleStore, type SampleStore } from '@main/profile/samples/sampleStore'
import { openStore, type Store } from '@main/store/store'
import type { Sample } from '@shared/contract/profile'
import { proxyKernelNames, type ProxyKernelName } from '@shared/vocabulary'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench export '))
let store: Store
let samples: SampleStore
beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [profileMigrations] })
  samples = createSampleStore(store)
})
afterEach(() => store.close())
afterEach(() => rmSync(path.join(folder, 'out.csv'), { force: true }))

const random = createRandom(20_261)
const whole = (low: number, high: number): number => low + Math.floor(random.next() * (high - low + 1))

/** A Sample with random sizes and times; names hold what a CSV has to quote. */
function randomSample(kernel: ProxyKernelName, unit: Sample['unit'], index: number): Sample {
  return {
    id: `${kernel}-${unit}-${index}`,
    campaignId: index % 2 === 0 ? null : 'c1',
    kernel,
    dims: kernelSpec(kernel).dims.map(({ min }) => whole(min, 40)),
    activationBits: 8,
    weightBits: kernelSpec(kernel).hasWeights ? [2, 4, 8][index % 3]! : 0,
    time: index % 3 === 0 ? whole(1, 1e9) : whole(1, 1e6) / 8,
    timeMin: 1,
    timeMax: 2,
    unit,
    cycles: unit === 'cycles' ? whole(1, 1e12) : null,
    instructions: index % 2 === 0 ? null : 12.5,
    macs: 1,
    repetitions: 2,
    seed: whole(0, 0xffff_ffff),
    checksum: index % 2 === 0 ? null : whole(0, 0xffff_ffff),
    verified: true,
    origin: 'simulated',
    method: 'a; b\twith "quotes"\r\nand a line',
    boardId: 'virtual:small',
    boardKind: 'virtual',
    boardName: 'Board, "one"',
    isa: 'rv32imac',
    coreName: '',
    buildId: index % 2 === 0 ? null : 7,
    clockHz: index % 2 === 0 ? 50_000_000 : null,
    measuredAtMs: 1_790_000_000_000 + whole(0, 1e9)
  }
}

/** Cells of a CSV; quoted cells hold commas and line ends, and no quote. */
function cells(text: string): string[][] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((cell) => cell[2] ?? cell[1]!))
}

let made = 0
const noted: unknown[] = []
const exchangeOf = () =>
  createSampleExchange({
    store: samples,
    nowMs: () => 0,
    newId: () => `new${++made}`,
    readCsv: async (text, options) => readProfileCsv(text, options),
    noteImport: async (imported) => void noted.push(imported)
  })
const context = { signal: new AbortController().signal }

describe('Samples as a CSV file', () => {
  it('are what writeCsv gives, cell by cell, for every kernel and unit', async () => {
    const unit = ['cycles', 'instructions'] as const
    const all = proxyKernelNames.flatMap((kernel) =>
      unit.flatMap((name) => Array.from({ length: 12 }, (_, index) => randomSample(kernel, name, index)))
    )
    await samples.addSamples([all])
    for (const kernel of proxyKernelNames) {
      for (const name of unit) {
        const file = path.join(folder, 'out.csv')
        expect(await samples.exportCsv({}, kernel, name, file)).toBe(12)
        const expected = all.filter((sample) => sample.kernel === kernel && sample.unit === name)
        expect(cells(readFileSync(file, 'utf8'))).toEqual(
          cells(samplesToCsv({ kernel, unit: name }, expected))
        )
      }
    }
  })

  it('come back from the file as they were', async () => {
    const exchange = exchangeOf()
    const one = randomSample('conv2d', 'cycles', 1)
    await samples.addSamples([[{ ...one, dims: [20, 21, 3, 5, 3, 1, 1] }]])
    const file = path.join(folder, 'out.csv')
    const request = { path: file, format: 'csv', kernel: 'conv2d' } as const
    expect(await exchange['profile.export'](request, context)).toEqual({ rows: 1, path: file, text: null })
    await store.run('DELETE FROM profile_sample')
    const source = { file: { path: file }, kernel: 'conv2d', boardName: 'b', unit: 'cycles' } as const
    await exchange['profile.import']({ ...source, origin: 'measured' }, context)
    const [back] = await samples.samples({})
    expect(noted).toEqual([{ campaignId: back!.campaignId, boardName: 'b', file: 'out.csv', total: 1 }])
    expect(back).toMatchObject({
      dims: [22, 23, 3, 5, 3, 1, 0],
      time: one.time,
      checksum: one.checksum,
      measuredAtMs: one.measuredAtMs
    })
  })

  /** Imports a text as Samples of matmul on board `b`. */
  const importText = (lines: readonly string[], decimal?: ',') =>
    exchangeOf()['profile.import'](
      {
        file: { name: 'f.csv', text: `${lines.join('\n')}\n` },
        kernel: 'matmul',
        boardName: 'b',
        unit: 'cycles',
        origin: 'measured',
        ...(decimal === undefined ? {} : { decimal })
      },
      context
    )

  it('are imported by the thousand in batches, in their order, or not at all', async () => {
    const lines = Array.from({ length: 3000 }, (_, row) => `${row + 1},8,4,8,4,${100 * row + 1}`)
    expect(await importText(['N,M,K,QA,QW,Time', ...lines])).toMatchObject({ rows: 3000, warnings: [] })
    const stored = await samples.samples({})
    expect(stored.map(({ dims }) => dims[0])).toEqual(Array.from({ length: 3000 }, (_, row) => row + 1))
    expect(stored[2999]).toMatchObject({ dims: [3000, 8, 4], time: 299_901, weightBits: 4, macs: 96_000 })
    // Row 2,500 lies behind two whole batches: they are taken back.
    const damaged = lines.map((line, row) => `${line},${row === 2499 ? -1 : 3}`)
    await expect(importText(['N,M,K,QA,QW,Time,Repetitions', ...damaged])).rejects.toMatchObject({
      code: 'data.invalid',
      message: 'f.csv, row 2500: Repetitions cannot be "-1".'
    })
    expect(await samples.count({})).toBe(3000)
  })

  it('come with what looks wrong about their numbers', async () => {
    const falling = Array.from({ length: 20 }, (_, row) => `${row + 1},8,4,8,4,${100 - row}`)
    const { warnings } = await importText(['N,M,K,QA,QW,Time', ...falling])
    expect(warnings).toEqual([expect.stringContaining('times hardly grow with the work of a layer')])
  })

  it('are read with the decimal mark that was named where both readings are possible', async () => {
    // 1.500, 2.500, …: fractions of a cycle, as %.3f writes them, or thousands of cycles.
    const open = ['N;M;K;QA;QW;Time', ...[1, 2, 3, 4].map((row) => `${row};8;4;8;4;${row}.500`)]
    expect((await importText(open)).warnings).toEqual([
      expect.stringContaining('no whole numbers, as cycles are'),
      expect.stringContaining('read as a decimal mark, for three digits stand behind every one')
    ])
    await store.run('DELETE FROM profile_sample')
    await importText(open, ',')
    expect((await samples.samples({})).map(({ time }) => time)).toEqual([1500, 2500, 3500, 4500])
  })

  it('are refused where one CSV cannot hold them', async () => {
    const exchange = exchangeOf()
    const run = (query: object) =>
      exchange['profile.export']({ path: path.join(folder, 'out.csv'), format: 'csv', ...query }, context)
    await expect(run({})).rejects.toMatchObject({ code: 'data.missing' })
    await samples.addSamples([
      [randomSample('matmul', 'cycles', 1), randomSample('matmul', 'instructions', 2)]
    ])
    await expect(run({})).rejects.toMatchObject({
      code: 'input.invalid',
      message: 'These Samples mix cycles and instructions.'
    })
    await samples.addSamples([[randomSample('add', 'cycles', 3)]])
    await expect(run({ unit: 'cycles' })).rejects.toMatchObject({ message: /mix kernels/ })
    const flatten = { ...randomSample('add', 'cycles', 4), kernel: 'flatten' as const }
    await samples.addSamples([[flatten]])
    await expect(run({ kernel: 'flatten' })).rejects.toMatchObject({ code: 'input.unsupported' })
  })
})

describe('pages of Samples', () => {
  it('hold every Sample once, in the order of storing, whatever the filter', async () => {
    const all = Array.from({ length: 50 }, (_, index) => randomSample('matmul', 'cycles', index))
    await samples.addSamples([all])
    const chosen = all.filter((sample) => sample.weightBits === 4)
    const pages: Sample[] = []
    for (let offset = 0; offset < 21; offset += 7)
      pages.push(...(await samples.samplePage({ weightBits: 4 }, { limit: 7, offset })).samples)
    expect(pages).toEqual(chosen)
    expect(await samples.samplePage({ weightBits: 4 }, { limit: 7, offset: 1000 })).toEqual({
      samples: [],
      unreadable: []
    })
  })
})
