import type { KernelBits } from '@core/quant/scheme'
import { corePresetNames, type CorePresetName } from '@core/sim/boards/presets'

/** The bars the kernels are held to, and the published costs they are held against. */
export interface KernelRow {
  kernel: string
  /** e.g. 16x64x256, or 16x16x16->32 3x3. */
  shape: string
  activationBits: KernelBits
  weightBits: KernelBits
  instructionsPerMac: number
  /** null: the virtual boards have not this instruction set. */
  cyclesPerMac: Record<CorePresetName, number | null>
}

/**
 * Instructions per multiply-accumulate of a published library's plain RV32IM kernels, [activation bits][weight bits]:
 * gcc 12 -O2, rv32imac, QEMU icount, 16x64x256 matmul.
 */
export const published: Readonly<Record<KernelBits, Readonly<Record<KernelBits, number>>>> = {
  8: { 8: 4.73, 4: 5.71, 2: 8.86, 1: 12.8 },
  4: { 8: 5.68, 4: 7.81, 2: 9.96, 1: 15.09 },
  2: { 8: 10.34, 4: 11.46, 2: 15.42, 1: 17.66 },
  1: { 8: 14.89, 4: 19.38, 2: 26.45, 1: 1.43 }
}

export interface Verdict {
  name: string
  value: number
  bar: number
  ok: boolean
}

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

/** Every bar with the value measured. */
export function verdicts(rows: readonly KernelRow[]): Verdict[] {
  const table = geometricMean(Object.values(published).flatMap((row) => Object.values(row)))
  const at = (shape: string) => rows.filter((row) => row.shape === shape)
  const batch = at('16x64x256')
  const single = at('1x128x512')
  const convolution = at('16x16x16->32 3x3')
  const pair = (block: readonly KernelRow[], activationBits: KernelBits, weightBits: KernelBits) =>
    block.find((row) => row.activationBits === activationBits && row.weightBits === weightBits)!
  const cost = (row: KernelRow) => row.instructionsPerMac
  const verdict = (name: string, value: number, bar: number): Verdict => ({
    name,
    value: Math.round(value * 1000) / 1000,
    bar,
    ok: value <= bar
  })
  /** Low bits must pay: no pair dearer than int8, in instructions and in the cycles of every board that was run. */
  const againstInt8 = (title: string, block: readonly KernelRow[]): Verdict[] => {
    const int8 = pair(block, 8, 8)
    const ratio = (unit: string, costOf: (row: KernelRow) => number) =>
      verdict(`${title} dearest pair / w8a8, ${unit}`, Math.max(...block.map(costOf)) / costOf(int8), 1.05)
    const boards = corePresetNames.filter((name) => int8.cyclesPerMac[name] !== null)
    return [
      ratio('instructions', cost),
      ...boards.map((name) => ratio(`cycles on ${name}`, (row) => row.cyclesPerMac[name] ?? Infinity))
    ]
  }
  return [
    verdict('16x64x256 geometric mean / published', geometricMean(batch.map(cost)) / table, 0.25),
    verdict('16x64x256 dearest pair', Math.max(...batch.map(cost)), 3.5),
    verdict('16x64x256 w8a8', cost(pair(batch, 8, 8)), 3),
    verdict('16x64x256 w4a4', cost(pair(batch, 4, 4)), 2.6),
    verdict('16x64x256 w2a2', cost(pair(batch, 2, 2)), 2),
    verdict('16x64x256 w1a1', cost(pair(batch, 1, 1)), 0.5),
    ...againstInt8('16x64x256', batch),
    verdict('1x128x512 geometric mean / published', geometricMean(single.map(cost)) / table, 0.4),
    verdict('1x128x512 dearest pair', Math.max(...single.map(cost)), 6),
    ...againstInt8('1x128x512', single),
    ...againstInt8('conv2d', convolution)
  ]
}
