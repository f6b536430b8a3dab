import type { KernelEnergy } from '../../../shared/contract/profile'
import { numberOption, textOption, UsageError, type CliArguments } from '../framework/framework'
import { boardMeterOf, boardMeterOptions } from '../meter/meterOptions'

/** Options of a campaign that measures energy too, by a power meter beside the board. */
export const kernelEnergyOptions = {
  ...boardMeterOptions,
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
  const meter = boardMeterOf(args)
  if (meter.inputs.length > 0)
    throw new UsageError('--inputs goes with meter record: a campaign marks nothing')
  return {
    meter,
    trials: numberOption(args, 'trials', { min: 3, max: 20, integer: true }) ?? 3,
    trialMs: numberOption(args, 'trial', { min: 50, max: 60_000 }) ?? 250,
    idleMs: numberOption(args, 'idle', { min: 200, max: 60_000 }) ?? 1_000
  }
}
