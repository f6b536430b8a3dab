import { AppError } from '../../../shared/errors'
import { parseCsv } from '../../estimator/samples/csvTable'
import { countOf } from '../../../shared/units'

/** Energy of a stretch of time as another program measured it. */
export interface EnergyWindow {
  name: string
  /** Unix time, ms. */
  fromMs: number
  toMs: number
  /** By GPU, J; null where the program says nothing. */
  energyJ: ReadonlyMap<number, number | null>
}

/** Energies of spans that another tool measured. */
export interface EnergyWindows {
  windows: EnergyWindow[]
  gpus: { index: number; name: string }[]
  /** What was left out or is to be known of the figures. */
  notes: string[]
}

/**
 * The log_file of Zeus's ZeusMonitor: start_time (Unix s), window_name, elapsed_time (s), gpuN_energy (J). N counts as
 * CUDA does for that program.
 *
 * @throws data.invalid naming the row
 */
export function readZeusWindows(text: string, file: string): EnergyWindows {
  const { header, rows } = parseCsv(text, file)
  const column = (name: string): number => header.indexOf(name)
  const energies = header.flatMap((name, at) => {
    const match = /^gpu(\d+)_energy$/.exec(name)
    return match === null ? [] : [{ index: Number(match[1]), at }]
  })
  if (energies.length === 0) throw noEnergy(file, 'gpuN_energy')
  const windows = rows.map((row, at): EnergyWindow => {
    const number = (cell: number): number => numberAt(row[cell], `${file}, row ${at + 1}`, header[cell])
    const fromMs = 1000 * number(column('start_time'))
    return {
      name: row[column('window_name')].trim(),
      fromMs,
      toMs: fromMs + 1000 * number(column('elapsed_time')),
      energyJ: new Map(energies.map((one) => [one.index, number(one.at)]))
    }
  })
  const gpus = energies.map(({ index }) => ({ index, name: `GPU ${index} (Zeus)` }))
  return withoutOverlaps({ windows, gpus, notes: ['GPU indexes are CUDA\u2019s, as Zeus counts them.'] })
}

const joulePerKwh = 3.6e6

/**
 * emissions.csv of CodeCarbon: a row per run with its end (`timestamp`), `duration` (s) and `gpu_energy` (kWh, all GPUs
 * together). A gpu_energy of 0 is what CodeCarbon writes when it could not read one: unavailable. Its CPU energy is often
 * TDP times time and is not taken over.
 *
 * @throws data.invalid naming the row
 */
export function readCodeCarbonWindows(text: string, file: string): EnergyWindows {
  const { header, rows } = parseCsv(text, file)
  const cell = (row: readonly string[], name: string): string => row[header.indexOf(name)]?.trim() ?? ''
  let withoutEnergy = 0
  const windows = rows.map((row, at): EnergyWindow => {
    const where = `${file}, row ${at + 1}`
    // Without a zone it is local time there; only differences count.
    const toMs = Date.parse(`${cell(row, 'timestamp').slice(0, 19)}Z`)
    if (Number.isNaN(toMs)) throw wrongCell(where, 'timestamp', cell(row, 'timestamp'))
    const kwh = numberAt(cell(row, 'gpu_energy'), where, 'gpu_energy')
    if (kwh === 0) withoutEnergy++
    const name = cell(row, 'project_name')
    return {
      name: name === '' ? 'codecarbon' : name,
      fromMs: toMs - 1000 * numberAt(cell(row, 'duration'), where, 'duration'),
      toMs,
      energyJ: new Map([[0, kwh === 0 ? null : kwh * joulePerKwh]])
    }
  })
  const model = rows.map((row) => cell(row, 'gpu_model')).find((text) => text !== '')
  const notes = ['Energy is of all GPUs together; the end of a run is known to the second.']
  if (withoutEnergy > 0)
    notes.push(`A GPU energy of 0, which means that none was read, in ${countOf(withoutEnergy, 'run')}.`)
  return withoutOverlaps({ windows, gpus: [{ index: 0, name: model ?? 'GPUs (CodeCarbon)' }], notes })
}

/** Windows in the order of time without those that overlap an earlier one: one counter cannot hold the energies of both. */
function withoutOverlaps({ windows, gpus, notes }: EnergyWindows): EnergyWindows {
  const kept: EnergyWindow[] = []
  for (const window of [...windows].sort((a, b) => a.toMs - b.toMs)) {
    const last = kept[kept.length - 1]
    if (last === undefined || window.fromMs >= last.toMs) kept.push(window)
  }
  const left = windows.length - kept.length
  return {
    windows: kept,
    gpus,
    notes:
      left === 0
        ? notes
        : [...notes, `Left out ${countOf(left, 'window')} that overlap one that ended earlier.`]
  }
}

function numberAt(cell: string | undefined, where: string, name: string): number {
  const value = Number(cell)
  if (cell === undefined || cell.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw wrongCell(where, name, cell ?? '')
  }
  return value
}

function wrongCell(where: string, name: string, cell: string): AppError {
  return new AppError('data.invalid', `${where}: ${name} is "${cell}".`, 'Correct the row or remove it.')
}

function noEnergy(file: string, column: string): AppError {
  return new AppError('data.invalid', `${file} has no column ${column}.`, 'Give the file as it was written.')
}

/**
 * Cumulative readings that give each window its energy back. The begin of a window is a step of its own (a millionth of a
 * joule), so that the pause before it has no part in the window.
 *
 * @returns times in ms since `zeroMs`; ends at the first window without a figure
 */
export function counterOfWindows(
  windows: readonly EnergyWindow[],
  gpuIndex: number,
  zeroMs: number
): { tMs: number; energyJ: number }[] {
  const readings: { tMs: number; energyJ: number }[] = []
  let energyJ = 0
  for (const window of windows) {
    const used = window.energyJ.get(gpuIndex)
    if (used === undefined || used === null) continue
    energyJ += 1e-6
    readings.push({ tMs: window.fromMs - zeroMs, energyJ })
    energyJ += used
    readings.push({ tMs: window.toMs - zeroMs, energyJ })
  }
  return readings
}
