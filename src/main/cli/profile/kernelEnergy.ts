import type { KernelEnergy } from '../../../shared/contract/profile'
import { numberOption, textOption, UsageError, type CliArguments } from '../framework/framework'
import { meterOptions, setupOf } from '../meter/meterOptions'

/** Options of a campaign that measures energy too, by a power meter beside the board. */
export const kernelEnergyOptions = {
  ...meterOptions,
  // The speed of the board's line has its name already.
  'meter-baud': { type: 'string', help: "speed of the meter's line", default: '115200' },
  trials: {
    type: 'string',
    help: 'with --meter: how often the energy of a kernel is measured',
    default: '3'
  },
  trial: {
    type: 'string',
    help: 'with --meter: least time of the longer run of a trial, in ms',
    default: '250'
  },
  idle: { type: 'string', help: 'with --meter: rest for the idle baseline, in ms', default: '1000' }
} as const

/** How energy is measured as the options say; null without a meter. @throws UsageError */
export function kernelEnergyOf(args: CliArguments): KernelEnergy | null {
  if (textOption(args, 'meter') === undefined) return null
  const whole = (name: string, min: number, max: number): number | undefined =>
    numberOption(args, name, { min, max, integer: true })
  const meter = { ...setupOf(args), baudRate: whole('meter-baud', 50, 12_000_000) ?? 115_200 }
  if (meter.inputs.length > 0)
    throw new UsageError('--inputs goes with meter record: a campaign marks nothing')
  return {
    meter,
    trials: whole('trials', 3, 20) ?? 3,
    trialMs: numberOption(args, 'trial', { min: 50, max: 60_000 }) ?? 250,
    idleMs: numberOption(args, 'idle', { min: 200, max: 60_000 }) ?? 1_000
  }
}
