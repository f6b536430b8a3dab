// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LiveMeter } from '@shared/contract/meter'
import StreamChart from '@renderer/charts/StreamChart.vue'
import type { MemoryClient } from '@renderer/client/memoryClient'
import MeterLive from '@renderer/views/meter/MeterLive.vue'
import { sampleMeter } from '../../../../e2e/support/sampleMeter'
import { chart, replaceCharts } from '../../chartStandIn'
import { choose } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(StreamChart)

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

/** A meter whose trace has ten buckets, so that the newest reading is before the middle of the last one or behind it. */
describe('the stretch of a live meter that is chosen', () => {
  let meters: LiveMeter[]
  let client: MemoryClient
  const readUpTo = async (lastMs: number, id = 'm1'): Promise<void> => {
    const meter = { ...sampleMeter, id, lastMs }
    meters = [meter, ...meters.filter((one) => one.id !== id)]
    client.emit('meter.changed', meter)
    await settle()
    await settle()
  }
  const mounted = async (lastMs: number): Promise<void> => {
    meters = [{ ...sampleMeter, lastMs }]
    client = withClient({
      'meter.live': () => ({ meters }),
      'gpu.recordings': () => ({ recordings: [], unreadable: [] }),
      'meter.trace': ({ id }) => {
        const stepMs = 1_000
        const count = Math.ceil(meters.find((one) => one.id === id)!.lastMs / stepMs)
        const column = Array.from({ length: count }, () => 0.02)
        return { envelope: { fromMs: 0, stepMs, min: column, max: column, mean: column }, phases: [] }
      }
    })
    view = mountView(MeterLive, {})
    await vi.waitFor(() => chart('Power'))
  }
  const span = (): unknown => chart('Power').props['shown-span'] ?? chart('Power').props['shownSpan']

  it('ends at the newest point of the trace, where a chart moves along', async () => {
    // The last bucket, 8 to 9 s, is drawn at 8.5 s; the newest reading lies before that.
    await mounted(8_100)
    await choose(view, 'Window', 'the last second')
    expect(span()).toEqual([7_500, 8_500])
  })

  it('is shown once the trace has grown to it', async () => {
    await mounted(5_000)
    await choose(view, 'Window', 'the last 10 s')
    await readUpTo(12_000)
    expect(span()).toEqual([1_500, 11_500])
  })

  it('stays chosen for another meter', async () => {
    await mounted(60_000)
    await choose(view, 'Window', 'the last second')
    await readUpTo(3_000, 'm2')
    expect(span()).toEqual([1_500, 2_500])
  })
})
