import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { workloadFiguresVerb } from '@main/cli/workload/workloadFigures'
import { temporaryFolder } from '../../../../support/temporaryFolder'
import { languageModel, run, stored } from '../../../../unit/main/workload/figuresVerb'
import { writeTableFolder } from '../../../../unit/main/workload/tableFolder'
import { sampleTables } from '../../../../unit/core/workload/statistics/tables'

describe('workload figures', () => {
  it('writes merged table, figures at 300 dpi, the comparison and one report', async () => {
    const out = temporaryFolder()
    await writeTableFolder(out, 'bert', sampleTables())
    await writeTableFolder(out, 'gpt', languageModel)
    const result = await run(workloadFiguresVerb(stored), out, out)
    const { files } = result.json as { files: string[] }
    const names = files.map((file) => path.relative(out, file))
    const perModel = [
      'benchmark_overview',
      'speed_accuracy_tradeoff',
      'per_layer_energy_analysis',
      'prediction_impact_by_type',
      'energy_vs_impact_scatter',
      'energy_impact_correlation_matrix'
    ]
    for (const model of ['bert', 'gpt']) {
      expect(names).toContain(`${model}/energy_impact_merged.csv`)
      for (const name of perModel) {
        expect(names).toContain(`${model}/${name}.png`)
        expect(names).toContain(`${model}/${name}.svg`)
      }
    }
    expect(names).toContain('comparative_analysis.png')
    for (const file of files.filter((name) => name.endsWith('.png'))) {
      const png = readFileSync(file)
      const at = png.indexOf('pHYs')
      expect(png.readUInt32BE(at + 4)).toBe(11811)
      expect(png.readUInt32BE(16)).toBeGreaterThanOrEqual(2100)
    }
    const report = readFileSync(path.join(out, 'report.html'), 'utf8')
    expect(report.match(/<svg/g)).toHaveLength(13)
    expect(report).not.toMatch(/(src|href)="?http/)
    expect(report).toContain('class="INVALID" title="Short, &quot;very&quot;."')
    expect(report).toContain('significant, n = 8.')
    const merged = readFileSync(path.join(out, 'bert/energy_impact_merged.csv'), 'utf8').split('\n')
    expect(merged[0]).toContain('energy_net_per_pass_j,energy_net_per_pass_j_low')
    expect(merged).toHaveLength(8 + 2)
    // Energy is unavailable in the second network: said, and not drawn as 0.
    const svg = readFileSync(path.join(out, 'gpt/benchmark_overview.svg'), 'utf8')
    expect(svg).toContain('Unavailable. No GPU.')
  })

  it('marks simulated power in every title', async () => {
    const out = temporaryFolder()
    const layers = sampleTables().layers.map((row) => ({
      ...row,
      energyTotalJ: { ...row.energyTotalJ, origin: 'simulated' as const }
    }))
    const folder = await writeTableFolder(out, 'bert', sampleTables({ benchmark: [], impacts: [], layers }))
    const result = await run(workloadFiguresVerb(stored), out, folder, '--out', path.join(out, 'drawn'))
    const svg = (result.json as { files: string[] }).files.find((file) => file.endsWith('.svg'))!
    expect(readFileSync(svg, 'utf8')).toContain('(SIMULATED power)')
  })
})
