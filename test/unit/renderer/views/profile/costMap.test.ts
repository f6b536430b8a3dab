// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Sample } from '@shared/contract/profile'
import { useProfile, type SampleGroup } from '@renderer/stores/profile'
import ProfileView from '@renderer/views/ProfileView.vue'
import { choose, optionsOf } from '../../formFields'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const sample = (id: string, unit: Sample['unit'], time: number): Sample =>
  ({
    ...{ id, boardId: 'virtual:small', kernel: 'matmul', dims: [1, 8, 8], weightBits: 8, activationBits: 8 },
    ...{ time, unit, macs: 100, origin: 'simulated', verified: true, measuredAtMs: 1 }
  }) as Sample

async function shown(samples: Sample[]): Promise<void> {
  withClient({})
  const profile = useProfile()
  profile.groups = [{ boardId: 'virtual:small', boardName: 'small' } as SampleGroup]
  view = mountView(ProfileView, {})
  await settle()
  profile.samples = samples
  await settle()
}
const map = (): string => wordsOf(view.the('.heat'))

describe('cost per bit pair', () => {
  it('is in one unit at a time where energy was measured too', async () => {
    await shown([sample('1', 'cycles', 300), sample('2', 'nJ', 5_000), sample('3', 'cycles', 500)])
    expect(map()).toMatch(/cycles per multiply-accumulate.*a8 4 –/)
    expect(optionsOf(view, 'In')).toEqual(['cycles', 'nJ'])
    await choose(view, 'In', 'nJ')
    expect(map()).toMatch(/nJ per multiply-accumulate.*a8 50 –/)
  })

  it('has no choice of a unit where there is one', async () => {
    await shown([sample('1', 'cycles', 300)])
    expect(map()).toMatch(/cycles per multiply-accumulate.*a8 3 –/)
    expect(view.text()).not.toContain('nJ')
  })
})
