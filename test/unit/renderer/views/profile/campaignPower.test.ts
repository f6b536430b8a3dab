// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import type { EnergyReport } from '@shared/contract/energy'
import type { Recording } from '@shared/contract/gpu'
import { AppError } from '@shared/errors'
import StreamChart from '@renderer/charts/StreamChart.vue'
import { useCampaignPower } from '@renderer/stores/campaignPower'
import { useGpu } from '@renderer/stores/gpu'
import { useNavigation } from '@renderer/stores/window/navigation'
import CampaignPower from '@renderer/views/profile/CampaignPower.vue'
import { sampleEnergy, sampleRecording } from '../../../../e2e/support/sampleGpu'
import { chart, replaceCharts } from '../../chartStandIn'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(StreamChart)
let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const recording = (id: string, startedAtMs: number, changes: Partial<Recording> = {}): Recording => ({
  ...sampleRecording,
  ...{ id, title: `Power ${id}`, startedAtMs, state: 'done', campaignId: `c-${id}`, ...changes }
})
const reportOf = ({ recordingId }: { recordingId: string }): EnergyReport => ({
  ...sampleEnergy,
  recordingId
})
const mounted = async (recordings: Recording[], report = reportOf) => {
  const client = withClient({
    'gpu.recordings': () => ({ recordings, unreadable: [] }),
    'gpu.recording': ({ id }) => ({
      recording: recordings.find((one) => one.id === id)!,
      phases: [
        { name: 'matmul, 9 calls', trial: 2, fromMs: 5, toMs: 9, repetitions: 9, ended: true }
      ] as never,
      gaps: []
    }),
    'energy.report': report,
    'gpu.recordingTrace': ({ id }) => ({
      ...{ fromMs: 0, stepMs: 10, mean: id === 'b' ? [1, 2, 3] : [7, 7, 7] },
      ...{ min: [1, 2, 3], max: [1, 2, 3] }
    }),
    'run.markers': () => ({ markers: [{ atMs: 4, text: 'here' }] }),
    'run.mark': ({ markers }) => ({ markers: [...markers] }),
    'run.list': () => ({ runs: [] })
  })
  view = mountView(CampaignPower, {})
  await settle()
  return client
}

it('is absent where no campaign was beside a meter, and while one still is', async () => {
  await mounted([recording('plain', 1, { campaignId: undefined }), recording('now', 2, { state: 'running' })])
  expect(view.text()).toBe('')
  // A running one of a campaign keeps no other recording away.
  expect(useGpu().runningRecording).toBeNull()
})

it('shows the newest one, its kernels shaded, and that of a chosen campaign', async () => {
  await mounted([recording('a', 1), recording('b', 2)])
  const values = (): number[] => Array.from((chart('Power').props['trace'] as { values: number[] }).values)
  expect(values()).toEqual([1, 2, 3])
  expect(chart('Power').props['phases']).toEqual([{ name: 'matmul, 9 calls #2', fromMs: 5, toMs: 9 }])
  expect(chart('Power').props['markers']).toEqual([{ atMs: 4, text: 'here' }])
  const power = useCampaignPower()
  expect([power.has('c-a'), power.has('other')]).toEqual([true, false])
  power.choose('c-a')
  await settle()
  expect(values()).toEqual([7, 7, 7])
})

it('appears when a campaign ends, and opens its recording where all of them are', async () => {
  const client = await mounted([recording('b', 2, { state: 'running' })])
  client.emit('gpu.recordingChanged', recording('b', 2))
  await settle()
  const open = [...view.root.querySelectorAll('button')].find((one) => one.textContent.includes('Open the'))
  // The chart needs no energy of phases; the page of recordings does.
  const reports = (): number => client.calls.filter(({ name }) => name === 'energy.report').length
  expect(reports()).toBe(0)
  open!.click()
  await settle()
  expect(reports()).toBe(1)
  expect(useGpu().detail?.recording.id).toBe('b')
  expect(useNavigation().current).toBe('gpu')
})

it('says why a recording could not be opened, and stays', async () => {
  await mounted([recording('b', 2)], () => {
    throw new AppError('store.failed', 'The readings cannot be read.', 'Check the disk.')
  })
  useNavigation().open('profile')
  view.button('Open the recording').click()
  await settle()
  expect(view.text()).toContain('The readings cannot be read.')
  expect(useNavigation().current).toBe('profile')
})
