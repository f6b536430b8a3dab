import { AppError } from '../../../shared/errors'
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
 * CUDA does for that program. Zeus writes names of windows as they are: one may hold commas and quotes. It writes 0 where
 * the counter of the GPU did not move within the window (Zeus warns of it then): unavailable.
 *
 * @throws data.invalid naming the row
 */
export function readZeusWindows(text: string, file: string): EnergyWindows {
  const [first, ...lines] = linesOf(text, file)
  const header = first.split(',').map((name) => name.trim())
  const energies = header.flatMap((name, at) => {
    const match = /^gpu(\d+)_energy$/.exec(name)
    return match === null ? [] : [{ index: Number(match[1]), at }]
  })
  if (energies.length === 0)
    throw noEnergy(file, 'gpuN_energy', 'Zeus found no GPU: run it where it sees one, then give its log.')
  let withoutEnergy = 0
  const windows = lines.map((line, at): EnergyWindow => {
    const where = `${file}, row ${at + 1}`
    const cells = zeusCells(line, header, where)
    const number = (name: string): number => numberAt(cells[header.indexOf(name)], where, name)
    const fromMs = 1000 * number('start_time')
    const energyJ = energies.map(({ index }): [number, number | null] => {
      const joule = number(`gpu${index}_energy`)
      return [index, joule === 0 ? null : joule]
    })
    if (energyJ.some(([, joule]) => joule === null)) withoutEnergy++
    return {
      name: cells[header.indexOf('window_name')].trim(),
      fromMs,
      toMs: fromMs + 1000 * number('elapsed_time'),
      energyJ: new Map(energyJ)
    }
  })
  const gpus = energies.map(({ index }) => ({ index, name: `GPU ${index} (Zeus)` }))
  const notes = ['GPU indexes are CUDA\u2019s, as Zeus counts them.']
  if (withoutEnergy > 0)
    notes.push(
      `An energy of 0 in ${countOf(withoutEnergy, 'window')}: shorter than the time in which the GPU\u2019s counter moves, so unavailable.`
    )
  return withoutOverlaps({ windows, gpus, notes })
}

/** Cells of a row; what is more than in the header belongs to the name of the window. */
function zeusCells(line: string, header: readonly string[], where: string): string[] {
  const cells = line.split(',')
  const more = cells.length - header.length
  if (more < 0) throw cutRow(where, cells.length, header.length)
  const at = header.indexOf('window_name')
  return [...cells.slice(0, at), cells.slice(at, at + more + 1).join(','), ...cells.slice(at + more + 1)]
}

/** Header and rows. @throws data.invalid without any row */
export function linesOf(text: string, file: string): string[] {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  if (lines.length >= 2) return lines
  throw new AppError('data.invalid', `${file} has no rows.`, 'Give the file of a run that has ended.')
}

/** A row with fewer cells than the header. */
export function cutRow(where: string, cells: number, expected: number): AppError {
  return new AppError(
    'data.invalid',
    `${where}: it has ${cells} cells, the header ${expected}.`,
    'Complete the row or remove it; a file that was cut while writing ends like this.'
  )
}

/** Windows in the order of time without those that overlap an earlier one: one counter cannot hold the energies of both. */
export function withoutOverlaps({ windows, gpus, notes }: EnergyWindows): EnergyWindows {
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

/** A cell as a number that is not negative. @throws data.invalid naming the row */
export function numberAt(cell: string | undefined, where: string, name: string): number {
  const value = Number(cell)
  if (cell === undefined || cell.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw wrongCell(where, name, cell ?? '')
  }
  return value
}

/** A cell that cannot be read. */
export function wrongCell(where: string, name: string, cell: string): AppError {
  return new AppError('data.invalid', `${where}: ${name} is "${cell}".`, 'Correct the row or remove it.')
}

function noEnergy(file: string, column: string, hint: string): AppError {
  return new AppError('data.invalid', `${file} has no column ${column}.`, hint)
}

/**
 * Cumulative readings that give each window its energy back. The begin of a window is a step of its own (a millionth of a
 * joule), so that the pause before it has no part in the window. A window without a figure gets a reading of NaN, so that
 * nothing is made up between its neighbours.
 *
 * @returns times in ms since `zeroMs`
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
    if (used === undefined || used === null) {
      readings.push({ tMs: (window.fromMs + window.toMs) / 2 - zeroMs, energyJ: NaN })
      continue
    }
    energyJ += 1e-6
    readings.push({ tMs: window.fromMs - zeroMs, energyJ })
    energyJ += used
    readings.push({ tMs: window.toMs - zeroMs, energyJ })
  }
  return readings
}
