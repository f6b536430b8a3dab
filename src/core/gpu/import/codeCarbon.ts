import { countOf } from '../../../shared/units'
import { csvCells } from '../../estimator/samples/csvTable'
import {
  cutRow,
  linesOf,
  numberAt,
  withoutOverlaps,
  wrongCell,
  type EnergyWindow,
  type EnergyWindows
} from './energyWindows'

const joulePerKwh = 3.6e6

/** A row of CodeCarbon as a window, with the run and the task that it belongs to. */
interface CarbonRow {
  window: EnergyWindow
  runId: string
  /** Name of a task of the run; '' in emissions.csv, whose rows are of whole runs. */
  task: string
  pue: number
  gpuModel: string
}

/**
 * emissions.csv of CodeCarbon: a row per run with its end (`timestamp`), `duration` (s) and `gpu_energy` (kWh, all GPUs
 * together, times the `pue` of the data centre), or emissions_<experiment>_<run>.csv with a row per task. A gpu_energy of 0 is
 * what CodeCarbon writes when it could not read one: unavailable. Its CPU energy is often TDP times time and is not taken over.
 *
 * A run that flushes writes a row with its sums so far each time: the last one holds all. CodeCarbon leaves empty columns out of
 * the rows that it appends: such rows are shorter than the header, behind gpu_energy.
 *
 * @throws data.invalid naming the row
 */
export function readCodeCarbonWindows(text: string, file: string): EnergyWindows {
  const [first, ...lines] = linesOf(text, file)
  const header = csvCells(first, ',').map((name) => name.trim())
  const isWhole = /\n\s*$/.test(text)
  const rows = lines.map((line, at) => {
    const where = `${file}, row ${at + 1}`
    const cells = csvCells(line, ',')
    const isCut = at === lines.length - 1 && !isWhole
    if (cells.length > header.length || (cells.length < header.length && isCut))
      throw cutRow(where, cells.length, header.length)
    return rowOf(cells, header, where)
  })
  const kept = withoutFlushes(rows)
  const notes = ['Energy is of all GPUs together; the end of a run is known to the second.']
  const count = (is: (row: CarbonRow) => boolean): number => kept.filter(is).length
  const flushed = rows.length - kept.length
  if (flushed > 0)
    notes.push(`Left out ${countOf(flushed, 'row')} with sums of a run that went on: its last row holds all.`)
  const withPue = count(({ pue }) => pue !== 1)
  if (withPue > 0)
    notes.push(`The PUE of the data centre is taken out of the energy of ${countOf(withPue, 'run')}.`)
  const withoutEnergy = count(({ window }) => window.energyJ.get(0) === null)
  if (withoutEnergy > 0)
    notes.push(`A GPU energy of 0, which means that none was read, in ${countOf(withoutEnergy, 'run')}.`)
  const model = rows.map(({ gpuModel }) => gpuModel).find((name) => name !== '')
  return withoutOverlaps({
    windows: kept.map(({ window }) => window),
    gpus: [{ index: 0, name: model ?? 'GPUs (CodeCarbon)' }],
    notes
  })
}

function rowOf(cells: readonly string[], header: readonly string[], where: string): CarbonRow {
  const missing = header.length - cells.length
  const energyAt = header.indexOf('gpu_energy')
  if (cells.length <= energyAt) throw cutRow(where, cells.length, header.length)
  const cell = (name: string): string => {
    const at = header.indexOf(name)
    return at < 0 || (missing > 0 && at > energyAt) ? '' : cells[at].trim()
  }
  // Without a zone it is local time there; only differences count.
  const toMs = Date.parse(`${cell('timestamp').slice(0, 19)}Z`)
  if (Number.isNaN(toMs)) throw wrongCell(where, 'timestamp', cell('timestamp'))
  const kwh = numberAt(cell('gpu_energy'), where, 'gpu_energy')
  // The last columns are never empty: they are counted from the end.
  const pueCell = header.includes('pue') ? cells[header.indexOf('pue') - missing] : '1'
  const pue = numberAt(pueCell, where, 'pue')
  if (pue < 1) throw wrongCell(where, 'pue', pueCell)
  const [task, project] = [cell('task_name'), cell('project_name')]
  return {
    runId: cell('run_id'),
    gpuModel: cell('gpu_model'),
    ...{ task, pue },
    window: {
      name: [task, project, 'codecarbon'].find((name) => name !== '')!,
      fromMs: toMs - 1000 * numberAt(cell('duration'), where, 'duration'),
      toMs,
      energyJ: new Map([[0, kwh === 0 ? null : (kwh / pue) * joulePerKwh]])
    }
  }
}

/** Of rows of whole runs with one run id and begin, the last one. */
function withoutFlushes(rows: readonly CarbonRow[]): CarbonRow[] {
  const begins = new Map<string, number[]>()
  const kept: CarbonRow[] = []
  for (const row of rows.toReversed()) {
    const { runId, task, window } = row
    const known = begins.get(runId) ?? []
    const isEarlier = known.some((fromMs) => Math.abs(fromMs - window.fromMs) <= 2 * stampMs)
    if (task === '' && runId !== '' && isEarlier) continue
    known.push(window.fromMs)
    begins.set(runId, known)
    kept.push(row)
  }
  return kept.reverse()
}

/** Timestamps are written in whole seconds. */
const stampMs = 1000
