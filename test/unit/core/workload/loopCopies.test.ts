import { describe, expect, it } from 'vitest'
import { l2CacheBytes } from '@core/gpu/cacheSizes'
import { copiesFor } from '@core/workload/loopCopies'
import { readBenchmarkCsv, readLayerCsv } from '@core/workload/readTables'
import { findingsOf } from '@core/workload/statistics/findings'
import { benchmarkCells, csvOf, layerCells } from '@core/workload/tableCsv'
import { benchmarkRow, layerRow, sampleTables } from './statistics/tables'
import { startDoubts, startTemperature } from '@core/workload/measure/startTemperature'

describe('copies of the inputs of a looped layer', () => {
  const bounds = { maxCopies: 64, maxBytes: 2 ** 28 }
  it('are together twice the cache, eight at least', () => {
    expect(copiesFor(48 * 1024, 2 ** 20, bounds)).toBe(Math.ceil(2048 / 48))
    expect(copiesFor(2 ** 20, 2 ** 20, bounds)).toBe(8)
    expect(copiesFor(2 ** 20, null, bounds)).toBe(8)
    expect(copiesFor(0, 2 ** 20, bounds)).toBe(8)
  })
  it('stay within what the runtime and the memory take', () => {
    expect(copiesFor(100, 2 ** 20, bounds)).toBe(64)
    expect(copiesFor(2 ** 27, 50 * 2 ** 20, bounds)).toBe(2)
    expect(copiesFor(2 ** 30, 50 * 2 ** 20, bounds)).toBe(1)
  })
})

describe('start temperatures and copies in the tables', () => {
  it('come back from the files, and are null in files without them', () => {
    const copies = { count: 43, bytes: 2_113_536, cacheBytes: 1_048_576 }
    const row = layerRow('h.0', 1, { startC: { minC: 41, maxC: 44 }, copies })
    const plain = layerRow('h.1', 1)
    const { rows } = readLayerCsv(
      csvOf([layerCells('net', row, 0.95), layerCells('net', plain, 0.95)]),
      'layers.csv'
    )
    expect(rows).toEqual([row, plain])
    const whole = benchmarkRow('fp32', 10, { startC: { minC: 40, maxC: 40 } })
    expect(readBenchmarkCsv(csvOf([benchmarkCells('net', whole, 0.95)]), 'b.csv').rows).toEqual([whole])
  })

  it('are sentences of the findings', () => {
    const layers = [
      layerRow('a', 1, { startC: { minC: 40, maxC: 43 }, copies: { count: 8, bytes: 100, cacheBytes: 200 } }),
      layerRow('b', 1, { startC: { minC: 41, maxC: 52 }, copies: { count: 8, bytes: 300, cacheBytes: 200 } })
    ]
    const tables = sampleTables({ layers, impacts: [] })
    const text = findingsOf(tables, [], 0.95, 1).join('\n')
    expect(text).toMatch(/2 timed steps started at 40 °C to 52 °C: those of 1 step more than 5 K apart/)
    expect(text).toMatch(/copies of inputs of 1 of 2 looped layers fit into the cache/)
    expect(findingsOf(sampleTables(), [], 0.95, 1).join()).not.toMatch(/started at|fit into the cache/)
    const unknown = layerRow('c', 1, { copies: { count: 8, bytes: 300, cacheBytes: null } })
    expect(findingsOf(sampleTables({ layers: [...layers, unknown] }), [], 0.95, 1).join('\n')).toMatch(
      /The cache was not known for 1 of 3 looped layers: their copies of inputs may fit into it/
    )
  })
})

describe('L2 caches by name', () => {
  it('are those of the white papers, and unknown for other names', () => {
    const mebibytes = (name: string): number | null => {
      const bytes = l2CacheBytes(name)
      return bytes === null ? null : bytes / 2 ** 20
    }
    expect(mebibytes('NVIDIA A100-SXM4-80GB')).toBe(40)
    expect(mebibytes('NVIDIA H200')).toBe(50)
    expect(mebibytes('NVIDIA L4')).toBe(48)
    expect(mebibytes('NVIDIA L40S')).toBe(96)
    expect(mebibytes('NVIDIA A40')).toBe(6)
    expect(mebibytes('Tesla V100-SXM2-16GB')).toBe(6)
    expect(mebibytes('NVIDIA GeForce GTX 1080 Ti')).toBe(2.75)
    expect(mebibytes('NVIDIA GeForce RTX 2080 Ti')).toBe(5.5)
    expect(mebibytes('NVIDIA GeForce GT 710')).toBeNull()
  })
})

describe('start temperatures of the trials of a step', () => {
  const timing = (name: string, startC: number | null) => ({
    ...{ name, startC, durationMs: 1, repetitions: 1, cooledMs: 0, copies: null }
  })
  it('are its range, and make the step doubtful when they are more than 5 K apart', () => {
    const timings = [
      timing('layer:a', 41),
      timing('layer:b', 70),
      timing('layer:a', 46),
      timing('layer:a', null)
    ]
    expect(startTemperature('layer:a', timings)).toEqual({ minC: 41, maxC: 46 })
    expect(startTemperature('layer:c', timings)).toBeNull()
    expect(startDoubts({ minC: 41, maxC: 46 })).toEqual([])
    expect(startDoubts({ minC: 41, maxC: 47 })[0]).toMatch(/41 °C to 47 °C; 5 K apart is allowed/)
    expect(startDoubts(null)).toEqual([])
  })
})
