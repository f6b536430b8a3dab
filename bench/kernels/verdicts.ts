import type { Bits } from '@core/quant/scheme'
import type { PresetName } from '@core/sim/presets'

/** The bars the kernels are held to, and the published costs they are held against. */
export interface KernelRow {
  kernel: string
  shape: string
  activationBits: Bits
  weightBits: Bits
  instructionsPerMac: number
  cyclesPerMac: Record<PresetName, number>
}

/**
 * Instructions per multiply-accumulate of a published library's plain RV32IM kernels, [activation bits][weight bits]:
 * gcc 12 -O2, rv32imac, QEMU icount, 16x64x256 matmul.
 */
export const published: Readonly<Record<Bits, Readonly<Record<Bits, number>>>> = {
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
  const at = (shape: string) => rows.filter((row) => row.kernel === 'matmul' && row.shape === shape)
  const batch = at('16x64x256')
  const single = at('1x128x512')
  const pair = (activationBits: Bits, weightBits: Bits) =>
    batch.find((row) => row.activationBits === activationBits && row.weightBits === weightBits)!
  const cost = (row: KernelRow) => row.instructionsPerMac
  const int8 = pair(8, 8)
  const verdict = (name: string, value: number, bar: number): Verdict => ({
    name,
    value: Math.round(value * 1000) / 1000,
    bar,
    ok: value <= bar
  })
  return [
    verdict('16x64x256 geometric mean / published', geometricMean(batch.map(cost)) / table, 0.25),
    verdict('16x64x256 dearest pair', Math.max(...batch.map(cost)), 3.5),
    verdict('16x64x256 a8w8', cost(int8), 3),
    verdict('16x64x256 a4w4', cost(pair(4, 4)), 2.6),
    verdict('16x64x256 a2w2', cost(pair(2, 2)), 2),
    verdict('16x64x256 a1w1', cost(pair(1, 1)), 0.5),
    verdict('16x64x256 dearest pair / a8w8', Math.max(...batch.map(cost)) / cost(int8), 1.05),
    verdict('1x128x512 geometric mean / published', geometricMean(single.map(cost)) / table, 0.4),
    verdict('1x128x512 dearest pair', Math.max(...single.map(cost)), 6),
    ...(['small', 'mid', 'high'] as const).map((preset) =>
      verdict(
        `16x64x256 dearest pair / a8w8 in cycles on ${preset}`,
        Math.max(...batch.map((row) => row.cyclesPerMac[preset])) / int8.cyclesPerMac[preset],
        1.05
      )
    )
  ]
}
