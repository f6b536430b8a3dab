import { describe, expect, it } from 'vitest'
import { workloadRequestSchema } from '@shared/contract/workload'
import type { SessionEnergy } from '@shared/contract/workload/workloadEvidence'
import { energyAsItComes, keepEnergy } from '@main/workload/measure/sessionEnergy'
import { newRecord } from '@main/workload/workloadRecord'

const record = () =>
  newRecord('run', workloadRequestSchema.parse({ runner: { kind: 'command', command: ['any'] } }), null, 0)
const energy = (recordingId: string, provisional: boolean, idleBeforeW = 1): SessionEnergy =>
  ({ recordingId, provisional, idleBeforeW }) as SessionEnergy

describe('energy of a finished recording', () => {
  it('takes the place of what was worked out meanwhile, and is worked out once', async () => {
    const run = record()
    run.evidence.energies.push(energy('a', false), energy('b', true))
    const asked: string[] = []
    const deps = {
      energyOf: (id: string) => {
        asked.push(id)
        return Promise.resolve(energy(id, false, 2))
      }
    }
    for (const id of ['a', 'b', 'c', 'b']) await keepEnergy(run, id, deps)
    expect(asked).toEqual(['b', 'c'])
    expect(run.evidence.energies).toEqual([energy('a', false), energy('b', false, 2), energy('c', false, 2)])
  })

  it('that cannot be had is noted once', async () => {
    const run = record()
    const deps = { energyOf: () => Promise.reject(new Error('too short')) }
    await keepEnergy(run, 'a', deps)
    await keepEnergy(run, 'a', deps)
    expect(run.evidence.notes).toHaveLength(1)
    expect(run.evidence.notes[0]).toMatch(/^Recording a gave no energy: /)
  })
})

describe('energy of a running recording', () => {
  const looks = async (trials: number, trialsDone: number, calls: number): Promise<number[]> => {
    const run = record()
    const step = (kind: 'layer' | 'predictions') => ({
      ...{ id: kind, kind, trials, trialsDone, state: 'waiting' as const, seconds: 1, reason: null }
    })
    run.steps.push(step('layer'), step('predictions'))
    const at: number[] = []
    let call = 0
    const energySoFar = (id: string) => {
      at.push(call)
      return Promise.resolve(energy(id, true))
    }
    const look = energyAsItComes(run, 'a', { energySoFar })
    for (call = 1; call <= calls; call++) await look()
    expect(run.evidence.energies).toHaveLength(at.length === 0 ? 0 : 1)
    return at
  }

  it('is looked at after every fifth trial', async () => {
    expect(await looks(20, 0, 16)).toEqual([5, 10, 15])
  })

  it('and in a long run twenty times at most', async () => {
    // 203 trials are left: every eleventh.
    expect(await looks(210, 7, 33)).toEqual([11, 22, 33])
  })

  it('is passed over where there is none', async () => {
    const run = record()
    const look = energyAsItComes(run, 'a', { energySoFar: () => Promise.reject(new Error('busy')) })
    for (let call = 0; call < 5; call++) await look()
    await energyAsItComes(run, undefined, { energySoFar: () => Promise.resolve(energy('a', true)) })()
    expect(run.evidence.energies).toEqual([])
  })
})
