import type { BenchResult } from '@core/board/protocol'
import { shapeWork, type BenchItem } from '@core/kernel/shape'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { corePresetNames, corePresets, type CorePresetName } from '@core/sim/boards/presets'
import { MonitorMachine } from '@core/twin/monitorMachine'
import type { SequenceKernel } from '@shared/vocabulary'
import { presentFirmware } from '../rtl/firmware'

/** A kernel over sequences: counts for one element visit, fast and by reference. */
export interface SequenceRow {
  kernel: SequenceKernel
  shape: string
  instructions: { fast: number; reference: number }
  cycles: Record<CorePresetName, { fast: number; reference: number }>
}

/** Shapes of the shipped encoder and decoder, and a long row. */
const shapes: readonly { kernel: SequenceKernel; dims: readonly number[] }[] = [
  { kernel: 'product', dims: [24, 24, 12] },
  { kernel: 'product', dims: [24, 64, 64] },
  { kernel: 'softmax', dims: [96, 24] },
  { kernel: 'layerNorm', dims: [24, 48] },
  { kernel: 'layerNorm', dims: [1, 512] },
  { kernel: 'rmsNorm', dims: [24, 48] },
  { kernel: 'table', dims: [4096] },
  { kernel: 'gather', dims: [4096] },
  { kernel: 'rope', dims: [8, 8] },
  { kernel: 'rnn', dims: [16, 32] },
  { kernel: 'lstm', dims: [16, 24] },
  { kernel: 'gru', dims: [16, 24] },
  { kernel: 'gruAfter', dims: [16, 24] }
]

/** Measures them with the shipped monitor on the virtual boards; names results that differ from the host's in `wrong`. */
export function measureSequences(): { rows: SequenceRow[]; wrong: string[] } {
  const wrong: string[] = []
  const firmware = presentFirmware()
  const machines = corePresetNames.map((name) => ({
    name,
    machine: new MonitorMachine({ config: corePresets[name], form: 'rv32imc' }, firmware)
  }))
  const rows = shapes.map(({ kernel, dims }): SequenceRow => {
    const item: BenchItem = { kernel, dims, activationBits: 8, weightBits: 0 }
    const expected = expectedChecksum(item, 1)
    const perVisit = (count: number): number => count / shapeWork(item).macs
    const row = { kernel, shape: dims.join('x'), instructions: { fast: 0, reference: 0 }, cycles: {} }
    const cycles: Partial<SequenceRow['cycles']> = row.cycles
    for (const { name, machine } of machines) {
      const run = (reference: boolean): BenchResult => {
        const result = machine.bench({ ...item, repetitions: 2, seed: 1, reference })
        if (result.checksum !== expected) wrong.push(`${kernel} ${row.shape}: wrong result on ${name}`)
        return result
      }
      const [fast, reference] = [run(false), run(true)]
      const of = (counts: (result: BenchResult) => number[] | null): { fast: number; reference: number } => ({
        fast: perVisit(counts(fast)?.[1] ?? Number.NaN),
        reference: perVisit(counts(reference)?.[1] ?? Number.NaN)
      })
      row.instructions = of((result) => result.instructions)
      cycles[name] = of((result) => result.cycles)
    }
    return { ...row, cycles: cycles as SequenceRow['cycles'] }
  })
  return { rows, wrong }
}

/** Prints them beside their references. */
export function printSequences(rows: readonly SequenceRow[]): void {
  const pair = ({ fast, reference }: { fast: number; reference: number }): string =>
    `${fast.toFixed(2).padStart(8)} (${reference.toFixed(2)})`.padEnd(18)
  console.log(
    '\nkernels of language models, encoders and recurrences, rv32im: for one element visit, in brackets the reference'
  )
  console.log(
    `${''.padEnd(24)}${['instructions', ...corePresetNames.map((name) => `cycles ${name}`)].map((text) => text.padEnd(18)).join('')}`
  )
  for (const { kernel, shape, instructions, cycles } of rows)
    console.log(
      `${`${kernel} ${shape}`.padEnd(22)}${pair(instructions)}${corePresetNames.map((name) => pair(cycles[name])).join('')}`
    )
}
