import type { CommandOutput } from '../../../shared/contract'
import type { WorkloadRun } from '../../../shared/contract/workload'
import { workloadNotes } from '../../../shared/text/workloadText'
import { figureSvg } from '../../figures/renderFigure'
import { analyseWorkload } from '../figures/workloadFigures'
import type { NamedTables } from './tableFolders'
import { writeWorkload } from './writeWorkload'

const choiceOf = ({ request }: WorkloadRun): { confidence: number; seed: number } => ({
  confidence: request.confidence,
  seed: request.seed
})
const modelOf = ({ subject }: WorkloadRun): string => subject?.model ?? 'network'

/** Figures of a run as SVG, and its findings. */
export function presentFigures(run: WorkloadRun): CommandOutput<'workload.figures'> {
  const { findings, figures } = analyseWorkload(modelOf(run), run.tables, choiceOf(run))
  return {
    findings,
    figures: figures.map((figure) => ({
      name: figure.name,
      svg: figureSvg(figure)
    }))
  }
}

/** The tables of a stored run with all notes, as a report shows them. */
export const tablesOfRun = (run: WorkloadRun): NamedTables => ({
  model: modelOf(run),
  folder: null,
  confidence: run.request.confidence,
  tables: { ...run.tables, notes: workloadNotes(run) }
})

/** Writes figures and report of a run. */
export async function exportFigures(
  run: WorkloadRun,
  folder: string
): Promise<{ file: string; rows: null }[]> {
  const { files } = await writeWorkload([tablesOfRun(run)], folder, choiceOf(run))
  return files.map((file) => ({ file, rows: null }))
}
