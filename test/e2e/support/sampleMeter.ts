import type { LiveMeter } from '@shared/contract/meter'
import type { CommandOutput } from '@shared/contract/index'

/** A PPK2 beside a virtual board that is read now. Invented. */
export const sampleMeter: LiveMeter = {
  ...{ id: 'm1', name: 'PPK2 at virtual:ppk2, ampere mode', origin: 'simulated', state: 'running' },
  ...{ recordingId: null, startedAtMs: 1_790_000_000_000, lastMs: 6_000, stepMs: 1, supplyV: 3.3 },
  ...{ readings: 600_000, lost: 0, gaps: 0, powerW: 0.0314, error: null }
}

/** Its power: at rest, twice at work. */
const powers = Array.from({ length: 600 }, (_, at) => ((at > 150 && at < 300) || at > 420 ? 0.0314 : 0.0264))

export const sampleMeterTrace: CommandOutput<'meter.trace'> = {
  envelope: {
    ...{ fromMs: 0, stepMs: 10, mean: powers },
    min: powers.map((power) => power * 0.99),
    max: powers.map((power) => power * 1.01)
  },
  phases: [
    { name: 'rest', fromMs: 200, toMs: 1_400 },
    { name: 'work', fromMs: 1_500, toMs: 3_000 },
    { name: 'work', fromMs: 4_200, toMs: null }
  ]
}
