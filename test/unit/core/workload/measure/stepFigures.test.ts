import { expect, it } from 'vitest'
import { sensorOf } from '@core/energy/sensorModel'
import { emptyEvidence } from '@core/workload/measure/tables'
import { stepFigures } from '@core/workload/measure/stepFigures'
import type { PhaseEnergy } from '@shared/contract/energy'
import type { WorkloadEvidence } from '@shared/contract/workload/workloadEvidence'

/** A phase of 2 s at 150 W, of which 50 W are drawn at rest, with 100 repetitions. */
const trial = (more: Partial<PhaseEnergy> = {}): PhaseEnergy =>
  ({
    ...{ name: 'layer:a', gpuIndex: 0, durationMs: 2000, coveredMs: 2000, gapCount: 0, repetitions: 100 },
    ...{ totalJ: 300, idleJ: 100, netJ: 200, totalPerRepetitionJ: 3, netPerRepetitionJ: 2, meanW: 150 },
    ...{ flags: [], powerCappedFraction: null, ...more }
  }) as PhaseEnergy
const noBaseline = { idleJ: null, netJ: null, netPerRepetitionJ: null }

const netOf = (phases: PhaseEnergy[]) => {
  const session = {
    ...{ recordingId: 'r', origin: 'measured', sensor: sensorOf('NVIDIA A100', 'power.draw'), phases },
    ...{ provisional: false, doubts: [], notes: [], idleBeforeW: 50, idleAfterW: null }
  } as WorkloadEvidence['energies'][number]
  return stepFigures('layer:a', { ...emptyEvidence(), energies: [session] }, 0.95).netJ
}

it('says that one trial has no interval, not that its idle baseline was not taken', () => {
  const { value, verdict, reason } = netOf([trial()])
  expect({ value, verdict }).toEqual({ value: null, verdict: 'unavailable' })
  expect(reason).toContain('1 trial;')
})

it('says that no idle baseline was taken where a trial has joules and none at rest', () => {
  expect(netOf([trial(noBaseline), trial(noBaseline)]).reason).toBe('No idle baseline was taken.')
  expect(netOf([trial(), trial(noBaseline)]).reason).toBe('No idle baseline was taken.')
})

it('has net joules per repetition by hand', () => {
  expect(netOf([trial(), trial(), trial(), trial({ netPerRepetitionJ: 2.2 })]).value).toBeCloseTo(2.05, 12)
})
