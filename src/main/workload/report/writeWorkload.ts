import path from 'node:path'
import { mergedCells, mergedFile } from '../../../core/workload/mergedCsv'
import { compareRuns } from '../../../core/workload/statistics/compare'
import { mergeTables } from '../../../core/workload/statistics/merge'
import { csvOf } from '../../../core/workload/tableCsv'
import { plainFileName } from '../../files/plainFileName'
import { writeWholeFile } from '../../files/replaceFile'
import { figureSvg } from '../../figures/renderFigure'
import { writeFigures } from '../../figures/writeFigures'
import { comparativeAnalysis } from '../figures/comparativeFigure'
import { analyseWorkload, type Analysis, type StatisticsChoice } from '../figures/workloadFigures'
import { workloadReport } from './reportHtml'
import type { NamedTables } from './tableFolders'

/** Writes OUT/<model>/energy_impact_merged.csv of each network that has rows for it. Returns the files. */
export async function writeMergedTables(runs: readonly NamedTables[], out: string): Promise<string[]> {
  const files: string[] = []
  for (const run of runs) {
    const rows = mergeTables(run.tables.layers, run.tables.impacts)
    if (rows.length === 0) continue
    const file = path.join(folderOf(run, out), mergedFile)
    await writeWholeFile(file, csvOf(rows.map((row) => mergedCells(run.model, row, run.confidence))))
    files.push(file)
  }
  return files
}

/**
 * Writes the figures of each network to OUT/<model>/ as SVG and PNG, OUT/report.html, and with several networks
 * OUT/comparative_analysis.
 *
 * @returns the analyses, and the files written
 */
export async function writeWorkload(
  runs: readonly NamedTables[],
  out: string,
  choice: StatisticsChoice
): Promise<{ analyses: Analysis[]; files: string[] }> {
  const files: string[] = []
  const analyses = runs.map(({ model, tables }) => analyseWorkload(model, tables, choice))
  for (const [at, analysis] of analyses.entries()) {
    files.push(...(await writeFigures(folderOf(runs[at], out), analysis.figures)))
  }
  const comparative = analyses.length < 2 ? null : comparativeAnalysis(analyses, choice)
  if (comparative !== null) files.push(...(await writeFigures(out, [comparative])))
  const result = runs.length === 2 ? compareRuns(runs[0], runs[1], choice.confidence) : null
  const report = path.join(out, 'report.html')
  await writeWholeFile(
    report,
    workloadReport(
      analyses.map((analysis) => ({ analysis, svgs: analysis.figures.map(figureSvg) })),
      comparative === null ? null : { svg: figureSvg(comparative), result }
    )
  )
  return { analyses, files: [...files, report] }
}

/** A folder of one network is written into itself when it is the target; else each gets one below the target. */
function folderOf({ model, folder }: NamedTables, out: string): string {
  if (folder !== null && path.resolve(folder) === path.resolve(out)) return out
  const name = folder === null ? plainFileName(model) : path.basename(folder)
  return path.join(out, name)
}
