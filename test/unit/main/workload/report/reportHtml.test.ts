import { expect, it } from 'vitest'
import type { Analysis } from '@main/workload/figures/workloadFigures'
import { workloadReport } from '@main/workload/report/reportHtml'
import {
  benchmarkRow,
  figure,
  impactRow,
  layerRow,
  missing,
  sampleTables
} from '../../../core/workload/statistics/tables'

const reportOf = (tables: Parameters<typeof sampleTables>[0], findings: string[] = []): string => {
  const analysis = { model: 'a<b', tables: sampleTables(tables), findings } as unknown as Analysis
  return workloadReport([{ analysis, svgs: ['<svg id="one"/>'] }], null)
}
/** The cells of the first row of the table after a heading. */
const firstRow = (report: string, heading: string): string[] => {
  const body = report.slice(report.indexOf(`<h3>${heading}</h3>`))
  const row = /<tbody><tr>(.*?)<\/tr>/.exec(body)![1]!
  return [...row.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, text]) => text!)
}

it('writes a precision in ms, J and MB with intervals and n', () => {
  const row = benchmarkRow('fp16', 2000, {
    ...{ latencyMeanUs: figure(2000), latencyP95Us: figure(2500, { low: null }), speedup: figure(1.23456) },
    ...{ throughputPerS: figure(4000, { n: 9 }), energyTotalJ: missing, energyNetJ: figure(0.5) },
    ...{ quality: figure(0.75), weightBytes: 1_234_567 }
  })
  expect(firstRow(reportOf({ benchmark: [row] }), 'Precisions')).toEqual([
    'fp16',
    '2 [1.8, 2.2], n=4',
    '2.5, n=4',
    '1.235 [1.111, 1.358], n=4',
    '4000 [3600, 4400], n=9',
    'unavailable',
    '0.5 [0.45, 0.55], n=4',
    '0.75 [0.675, 0.825], n=4',
    '1.235'
  ])
  const unknown = reportOf({ benchmark: [{ ...row, weightBytes: null }] })
  expect(firstRow(unknown, 'Precisions').at(-1)).toBe('unavailable')
})

it('writes a layer with its shares in percent, and marks what may not be quoted', () => {
  const timeUs = figure(50, { verdict: 'INVALID', reason: 'a "spread"' })
  const report = reportOf({ layers: [layerRow('h.0', 2, { timeUs, timeShare: 0.1234, energyShare: null })] })
  expect(firstRow(report, 'Layers').slice(0, 10)).toEqual([
    ...['h.0', 'ffn', 'Linear', '1', '–'],
    ...['50 [45, 55], n=4', '2 [1.8, 2.2], n=4', '2 [1.8, 2.2], n=4', '12.3', '–']
  ])
  expect(report).toContain('<td class="INVALID" title="a &quot;spread&quot;">50')
})

it('writes an impact with p, the share that changed in percent, and its score', () => {
  const row = impactRow('h.0', 0.5, {
    ...{ mcNemar: { lost: 3, gained: 1, p: 0.03125 }, changedShare: 0.256, impactScore: 0.5 }
  })
  const cells = firstRow(reportOf({ impacts: [row] }), 'Prediction impact')
  expect(cells.slice(0, 4)).toEqual(['h.0', 'ffn', 'mean', '0.5 [0.45, 0.55], n=4'])
  expect(cells.slice(-3)).toEqual(['0.0313', '25.6', '0.50'])
  const none = reportOf({ impacts: [{ ...row, mcNemar: null, impactScore: null }] })
  expect(firstRow(none, 'Prediction impact').slice(-3)).toEqual(['–', '25.6', '–'])
})

it('says what was not measured, and escapes what others named', () => {
  const report = reportOf({ benchmark: [], layers: [], impacts: [], notes: ['1 < 2'] }, ['x & y'])
  expect(report.match(/Not measured\./g)).toHaveLength(3)
  expect(report).toContain('<h1>Workload: a&lt;b</h1>')
  expect(report).toContain('<li>x &amp; y</li>')
  expect(report).toContain('<p>1 &lt; 2</p>')
  expect(report).toContain('<svg id="one"/>')
  expect(report).not.toContain('<h2>Comparison</h2>')
})

it('ends with the comparison', () => {
  const result = { findings: ['b is faster'] } as never
  expect(workloadReport([], { svg: '<svg id="all"/>', result })).toContain(
    '<h2>Comparison</h2>\n<svg id="all"/>\n<ul><li>b is faster</li></ul>'
  )
  expect(workloadReport([], { svg: '', result: null })).toContain('<ul></ul>')
})
