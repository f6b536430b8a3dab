import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { TwinErrors } from '@core/twin/fitTwin'
import { benchOf, rowMacs, type KernelRow } from '@core/twin/kernelRows'
import { measuredCores, type MeasuredCoreName } from '@core/twin/measuredCores'
import { MonitorMachine, type TwinFirmware } from '@core/twin/monitorMachine'
import { sharedRowsCommit } from './firmware'

/** A row with cycles. */
export type RtlRow = KernelRow & { cyclesPerMac: number }

/** Rows of one core, and the virtual board that stands for it; null when none does. */
export interface RtlRows {
  name: string
  core: MeasuredCoreName | null
  /** Whose kernels the RTL ran; null: those of this working tree. */
  firmwareCommit: string | null
  rows: RtlRow[]
}

/** Which virtual board stands for which file. */
const coreOf: Readonly<Record<string, MeasuredCoreName>> = {
  'picorv32-fastmul-barrel-0wait': 'picorv32',
  'picorv32-fastmul-1wait': 'picorv32-1wait',
  'picorv32-slowmul-0wait': 'picorv32-slowmul',
  'picorv32-fastmul-compressed': 'picorv32-compressed',
  'vexriscv-full-blockram': 'vexriscv-full'
}

/** A file of rows; core and commit stand in files that the product's own `bench kernels --json` rows were copied into. */
interface RowsFile {
  core?: MeasuredCoreName
  firmwareCommit?: string
  rows: RtlRow[]
}

/** Reads the files of a folder, by name. */
export function readRtlRows(folder: string): RtlRows[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const name = path.basename(file, '.json')
      const { core, firmwareCommit, rows } = JSON.parse(
        readFileSync(path.join(folder, file), 'utf8')
      ) as RowsFile
      return {
        name,
        core: core ?? coreOf[name] ?? null,
        firmwareCommit: firmwareCommit ?? sharedRowsCommit,
        rows
      }
    })
}

/** Cycles of a virtual board with some monitor beside those of the RTL. */
export interface CoreComparison extends TwinErrors {
  /** Rows for which the simulator executed as many instructions as the RTL, give or take `sameInstructions`. */
  sameCodeRows: number
}

/** What the benchmark itself executes between its two readings differs by a few instructions between builds. */
const sameInstructions = 8

/** Runs the kernels of the rows on the virtual board of a core. */
export function compareCore(
  core: MeasuredCoreName,
  rows: readonly RtlRow[],
  firmware: TwinFirmware
): CoreComparison {
  const machine = new MonitorMachine(measuredCores[core], firmware)
  let sameCodeRows = 0
  const errors = rows.map((row) => {
    const { cycles, instructions } = machine.bench({ ...benchOf(row), repetitions: 2 })
    const macs = rowMacs(row)
    const measured = (row.instructionsPerMac ?? 0) * macs
    if (Math.abs(Math.max(...instructions) - measured) <= sameInstructions) sameCodeRows++
    return Math.abs(Math.max(...cycles) / macs / row.cyclesPerMac - 1)
  })
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
  return { mean, max: Math.max(...errors), sameCodeRows }
}
