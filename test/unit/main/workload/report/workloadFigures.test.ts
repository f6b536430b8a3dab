import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { UsageError } from '@main/cli/framework/framework'
import { AppError } from '@shared/errors'
import { compareVerb, workloadFiguresVerb } from '@main/cli/workload/workloadFigures'
import { correlationColor } from '@main/figures/correlationChart'
import { intervalBarPanel, labelledPointsPanel } from '@main/figures/intervalCharts'
import { comparativeAnalysis } from '@main/workload/figures/comparativeFigure'
import { scaleOf } from '@main/workload/figures/scale'
import { analyseWorkload } from '@main/workload/figures/workloadFigures'
import { readTableFolders } from '@main/workload/report/tableFolders'
import { temporaryFolder } from '../../../../support/temporaryFolder'
import { languageModel, run, stored } from '../figuresVerb'
import { writeTableFolder } from '../tableFolder'
import { benchmarkRow, figure, layerRow, sampleTables } from '../../../core/workload/statistics/tables'

describe('tables of a folder', () => {
  it('come back as they were, one network or several', async () => {
    const out = temporaryFolder()
    const folder = await writeTableFolder(out, 'bert', sampleTables())
    await writeTableFolder(out, 'gpt', languageModel)
    const [alone] = await readTableFolders(folder)
    const closure = alone!.tables.closure
    expect(alone).toEqual({ model: 'bert', folder, confidence: 0.95, tables: { ...sampleTables(), closure } })
    const both = await readTableFolders(out)
    expect(both.map(({ model }) => model)).toEqual(['bert', 'gpt'])
    expect(both[1]!.tables.layers[0]!.timeUs).toMatchObject({ verdict: 'INVALID', reason: 'Short, "very".' })
    expect(both[1]!.tables.benchmark[0]!.energyNetJ.value).toBeNull()
  })

  it('say the confidence of their intervals; those of earlier versions have 95 %', async () => {
    const out = temporaryFolder()
    const folder = await writeTableFolder(out, 'bert', sampleTables(), 0.8)
    expect(await readTableFolders(folder)).toMatchObject([{ confidence: 0.8 }])
    const file = path.join(folder, 'benchmark_results.csv')
    const [header, ...rows] = readFileSync(file, 'utf8').trim().split('\n')
    expect(header!.endsWith(',confidence')).toBe(true)
    const without = [header!, ...rows].map((line) => line.slice(0, line.lastIndexOf(',')))
    writeFileSync(file, without.join('\n'))
    await expect(readTableFolders(folder)).rejects.toMatchObject({
      code: 'data.invalid',
      message: `The tables in ${folder} have intervals at 0.95 and 0.8 confidence.`
    })
    writeFileSync(file, [header, `${without[1]},2`].join('\n'))
    await expect(readTableFolders(folder)).rejects.toMatchObject({
      code: 'data.invalid',
      message: `${file}: the column "confidence" holds 2.`
    })
  })

  it('that are wrong or absent are named with file and row', async () => {
    const out = temporaryFolder()
    const folder = await writeTableFolder(out, 'bert', sampleTables())
    const file = path.join(folder, 'per_layer_energy.csv')
    writeFileSync(file, readFileSync(file, 'utf8').replace('h.1,attention', 'h.1,attentive'))
    await expect(readTableFolders(folder)).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringMatching(/per_layer_energy\.csv, row 2: type/)
    })
    for (const empty of [temporaryFolder(), '/nowhere']) {
      await expect(readTableFolders(empty)).rejects.toMatchObject({ code: 'input.notFound' })
    }
  })
})

describe('workload figures', () => {
  it('marks simulated energy in the comparison too, and says what pale means where something is', () => {
    const choice = { confidence: 0.95, seed: 1 }
    const layers = sampleTables().layers.map((row) => ({
      ...row,
      energyShare: 0.125,
      energyTotalJ: { ...row.energyTotalJ, origin: 'simulated' as const }
    }))
    const textsOf = ({ option }: { option: object }) =>
      (option as { title: { text: string }[] }).title.map(({ text }) => text)
    const simulated = analyseWorkload('bert', sampleTables({ layers }), choice)
    const measured = analyseWorkload('gpt', sampleTables(), choice)
    expect(textsOf(comparativeAnalysis([simulated, simulated], choice))).toEqual(
      expect.arrayContaining([
        'Share of the net energy at fp32 (SIMULATED power)',
        'Energy by layer type (SIMULATED power)'
      ])
    )
    expect(textsOf(comparativeAnalysis([measured, measured], choice)).join()).not.toContain('SIMULATED')
    const paleIn = (analysis: typeof measured) =>
      analysis.figures
        .filter((one) => textsOf(one).some((text) => text.startsWith('Pale: INVALID')))
        .map(({ name }) => name)
    expect(paleIn(measured)).toEqual([])
    expect(paleIn(analyseWorkload('gpt', languageModel, choice))).toEqual([
      'per_layer_energy_analysis',
      'energy_vs_impact_scatter'
    ])
  })

  it('wants a target for stored runs, and something to draw', async () => {
    const verb = workloadFiguresVerb(stored)
    await expect(run(verb, '/tmp')).rejects.toThrow(UsageError)
    await expect(
      run(
        workloadFiguresVerb(async () => ({
          ...{ model: 'm', folder: null, confidence: 0.95 },
          tables: sampleTables()
        })),
        '/tmp',
        'id'
      )
    ).rejects.toThrow('--out')
  })
})

describe('workload compare', () => {
  it('prints differences of two folders, or of a folder and a stored run', async () => {
    const out = temporaryFolder()
    const a = await writeTableFolder(out, 'a', sampleTables())
    const verb = compareVerb(async () => ({
      ...{ model: 'later', folder: null, confidence: 0.95 },
      tables: sampleTables({ benchmark: [benchmarkRow('fp32', 2000)] })
    }))
    const result = await run(verb, out, a, 'run1')
    expect(result.json).toMatchObject({
      a: 'a',
      b: 'later',
      precisions: [{ precision: 'fp32' }],
      onlyInA: []
    })
    expect(result.text).toContain('fp32, latency: B - A = 1000 us')
    await expect(run(verb, out, out, 'run1')).resolves.toBeTruthy()
    await writeTableFolder(out, 'b', sampleTables())
    await expect(run(verb, out, out, 'run1')).rejects.toThrow('holds 2 networks')
  })

  it('speaks of a folder where a path is named, and of both where it may be either', async () => {
    const unknown = async () => {
      throw new AppError('input.notFound', 'There is no workload run.', 'Refresh the list.')
    }
    for (const verb of [compareVerb(unknown), workloadFiguresVerb(unknown)]) {
      for (const name of ['/no/folder', './none', 'out/a']) {
        await expect(run(verb, '/tmp', name, name)).rejects.toMatchObject({
          code: 'input.notFound',
          message: `There is no folder ${path.resolve('/tmp', name)}.`
        })
      }
      await expect(run(verb, '/tmp', 'none', 'none')).rejects.toMatchObject({
        code: 'input.notFound',
        message: 'There is neither a folder /tmp/none nor a stored run "none".'
      })
    }
  })

  it('lists no difference of a layer that an INVALID figure takes part in, and says how many are left out', async () => {
    const invalid = { verdict: 'INVALID', reason: 'spread' } as const
    const layers = (us: number, changes = {}) =>
      sampleTables().layers.map((row, at) =>
        layerRow(row.layer, null, { timeUs: figure(us, at === 0 ? changes : {}) })
      )
    const result = await run(
      compareVerb(async (name) => ({
        ...{ model: name, folder: null, confidence: 0.95 },
        tables: sampleTables({ layers: name === 'a' ? layers(5) : layers(9, invalid), impacts: [] })
      })),
      '/tmp',
      ...['a', 'b']
    )
    const [first, second] = sampleTables().layers
    expect(result.text).not.toContain(`${first!.layer}, time per call`)
    expect(result.text).toContain(`${second!.layer}, time per call: 1.800 times`)
    expect(result.text).toContain('Left out: 1 comparison with an INVALID figure')
  })
})

describe('the comparison of networks', () => {
  it('draws shares of a network with an INVALID layer pale, and those of the other one not', () => {
    const choice = { confidence: 0.95, seed: 1 }
    const timed = sampleTables().layers.map((row) => layerRow(row.layer, null, { timeUs: figure(5) }))
    const analyses = [
      analyseWorkload('bert', sampleTables({ layers: timed }), choice),
      analyseWorkload('gpt', languageModel, choice)
    ]
    const { series } = comparativeAnalysis(analyses, choice).option as {
      series: { name?: string; xAxisIndex: number; itemStyle: { opacity?: number } }[]
    }
    const shares = series.filter(({ xAxisIndex }) => xAxisIndex === 2)
    expect(shares.map(({ name, itemStyle }) => [name, itemStyle.opacity])).toEqual([
      ['bert', undefined],
      ['gpt', 0.35]
    ])
  })
})

describe('intervals in figures', () => {
  const bar = (value: number, low: number | null, high: number | null) =>
    intervalBarPanel('t', 'ms', [{ name: 'a', figure: { value, low, high } }]).y
  it('let no interval of two wild trials hide the values', () => {
    expect(bar(2, -60, 70)).toMatchObject({ min: 0, max: 4 })
    expect(bar(2, 1, 3)).toMatchObject({ min: 0 })
    expect(bar(2, 1, 3)['max']).toBeUndefined()
    // Open above: as far as the panel goes.
    expect(bar(2, 1, null)).toMatchObject({ min: 0, max: 4 })
    expect(bar(2, null, null)['max']).toBeUndefined()
    expect(bar(-0.3, -0.8, 0.4)['min']).toBeUndefined()
    const wild = { value: 1, low: -50, high: 50, isDoubtful: true }
    const panel = labelledPointsPanel('t', { label: 'x' }, { label: 'y' }, [
      { name: 'ffn', points: [{ name: '', x: wild, y: { value: 2, low: null, high: null } }] }
    ])
    expect(panel.x['min']).toBeGreaterThanOrEqual(0)
    expect(panel.x['max']).toBeLessThan(2)
  })
})

describe('units and colours', () => {
  it('are readable', () => {
    expect(scaleOf([0.004, null], 'J')).toEqual({ unit: 'mJ', factor: 1e3 })
    expect(scaleOf([2500], 's', 1e-6)).toEqual({ unit: 'ms', factor: expect.closeTo(1e-3, 12) })
    expect(scaleOf([null], 'J').unit).toBe('J')
    expect([correlationColor(1), correlationColor(0), correlationColor(-1), correlationColor(null)]).toEqual([
      'rgb(0,114,178)',
      'rgb(255,255,255)',
      'rgb(213,94,0)',
      '#eeeeee'
    ])
  })
})
