// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { Trace } from '@renderer/charts/stream/trace'
import { useGpu } from '@renderer/stores/gpu'
import HostLoadLine from '@renderer/views/gpu/HostLoadLine.vue'
import RecordForm from '@renderer/views/gpu/RecordForm.vue'
import TriggerForm from '@renderer/views/gpu/TriggerForm.vue'
import { sampleRecording } from '../../../../e2e/support/sampleGpu'
import { choose, submit, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('the form that records power', () => {
  const request = (client: ReturnType<typeof withClient>): unknown =>
    client.calls.findLast(({ name }) => name === 'gpu.record')?.input

  it('records for a time without a command, and around one with it', async () => {
    const client = withClient({ 'remote.hosts': () => ({ hosts: [] }) })
    view = mountView(RecordForm, { canRecordHere: true })
    await settle()
    await submit(view)
    expect(request(client)).toEqual({ command: [], intervalMs: 100, idleMs: 5000, durationMs: 30_000 })
    await type(view, 'Command', 'python "my bench.py"')
    await type(view, 'Title', ' night ')
    await submit(view)
    expect(request(client)).toEqual({
      command: ['python', 'my bench.py'],
      intervalMs: 100,
      idleMs: 5000,
      title: 'night'
    })
  })

  it('locks the SM clock where a frequency is given', async () => {
    const client = withClient({ 'remote.hosts': () => ({ hosts: [] }) })
    view = mountView(RecordForm, { canRecordHere: true })
    await type(view, 'Lock SM clock', '1410')
    await submit(view)
    expect(request(client)).toMatchObject({ lockClockMhz: 1410 })
    await type(view, 'Lock SM clock', '0')
    await submit(view)
    expect(request(client)).not.toHaveProperty('lockClockMhz')
  })

  it('takes no seconds beside a command', async () => {
    withClient({})
    view = mountView(RecordForm, { canRecordHere: true })
    const seconds = [...view.root.querySelectorAll('label')]
      .find((one) => one.textContent?.includes('Duration, s'))!
      .querySelector('input')!
    expect(seconds.disabled).toBe(false)
    await type(view, 'Command', 'python bench.py')
    expect(seconds.disabled).toBe(true)
  })

  it('starts no second recording, and ends the one that runs', async () => {
    const client = withClient({})
    view = mountView(RecordForm, { canRecordHere: true })
    expect(view.button('Record').disabled).toBe(false)
    client.emit('gpu.recordingChanged', { ...sampleRecording, state: 'running' })
    await nextTick()
    expect(view.button('Record').disabled).toBe(true)
    view.button('End the recording').click()
    expect(client.calls.at(-1)).toMatchObject({ name: 'gpu.stopRecording', input: { id: 'r1' } })
  })

  it('is not shown where neither this machine nor a host has a GPU', () => {
    withClient({})
    view = mountView(RecordForm, { canRecordHere: false })
    expect(view.text()).toBe('')
  })
})

describe('a trigger', () => {
  const trace = (...values: number[]): Trace => ({
    timesMs: Float64Array.from(values, (_, at) => 1000 * at),
    values: Float64Array.from(values)
  })
  const mounted = (signal: Trace): (Trace | null)[] => {
    const held: (Trace | null)[] = []
    view = mountView(TriggerForm, {
      signal,
      phases: [],
      unit: 'W',
      onHold: (found: Trace | null) => held.push(found)
    })
    return held
  }

  it('holds the stretch around a rising edge, once the time after it has passed', async () => {
    const held = mounted(trace(50, 50))
    await submit(view)
    expect(view.the('[role=status]').textContent).toBe('armed')
    await view.set({ signal: trace(50, 50, 50, 150) })
    expect(view.the('[role=status]').textContent).toBe('fired, waiting for the time after it')
    expect(held).toEqual([])
    await view.set({ signal: trace(50, 50, 50, 150, 151, 152, 153, 154, 155) })
    expect(view.the('[role=status]').textContent).toContain('held: fired at')
    expect(held).toHaveLength(1)
    const [first] = held as [Trace]
    expect(first.timesMs[0]).toBeGreaterThanOrEqual(1500)
    expect(Math.max(...Array.from(first.values, Number))).toBeGreaterThanOrEqual(153)
    await view.set({ signal: trace(50, 50, 50, 150, 151, 152, 153, 154, 155, 50, 150, 1, 1, 1, 1, 1) })
    expect(held).toHaveLength(1)
    view.button('Release').click()
    await nextTick()
    expect(held.at(-1)).toBeNull()
    expect(view.the('[role=status]').textContent).toBe('')
  })

  it('holds what there is behind it where no more readings come, those that came last too', async () => {
    const held = mounted(trace(50, 50))
    await submit(view)
    await view.set({ signal: trace(50, 50, 50, 150, 151) })
    expect(held).toEqual([])
    await view.set({ isOver: true })
    expect(view.the('[role=status]').textContent).toContain('held: fired at')
    expect(Array.from(held[0]!.values)).toEqual([50, 150, 151])
    view.unmount()
    // It fires in readings that come after the end was known.
    const late = mounted(trace(50, 50))
    await submit(view)
    await view.set({ isOver: true })
    expect(view.the('[role=status]').textContent).toBe('ended before it fired')
    await view.set({ signal: trace(50, 50, 50, 150) })
    expect(late).toHaveLength(1)
    view.button('Release').click()
    await nextTick()
    expect(view.button('Arm').disabled).toBe(true)
  })

  it('does not fire on what was there before it was armed', async () => {
    const held = mounted(trace(50, 150, 150))
    await submit(view)
    await view.set({ signal: trace(50, 150, 150, 150, 150, 150, 150, 150, 150, 150) })
    expect(view.the('[role=status]').textContent).toBe('armed')
    expect(held).toEqual([])
  })

  it('waits for the phase that is named, or for any', async () => {
    const onPhase = async (name: string): Promise<string | null | undefined> => {
      mounted(trace(1, 1))
      await choose(view, 'Trigger on', 'phase begins')
      await type(view, 'Phase', name)
      await submit(view)
      const phases = [{ name: 'warm-up', atMs: 1e12 }]
      await view.set({ signal: trace(1, 1, 1), phases })
      const state = view.the('[role=status]').textContent
      view.unmount()
      return state
    }
    expect(await onPhase(' fp16 ')).toBe('armed')
    expect(await onPhase('')).toBe('fired, waiting for the time after it')
    mounted(trace(1))
  })
})

describe('the load of the host', () => {
  it('shows a share that is not known as unavailable, never as 0', async () => {
    withClient({})
    view = mountView(HostLoadLine, {})
    expect(view.text()).toBe('')
    const gpu = useGpu()
    const load = { tMs: 1, memoryUsedBytes: 2 * 1024 ** 3, memoryTotalBytes: 4 * 1024 ** 3 }
    gpu.hostLoad = { ...load, cpuPercent: null }
    await nextTick()
    expect(view.text()).toBe('Host: CPU –, memory 2 GiB of 4 GiB')
    gpu.hostLoad = { ...load, cpuPercent: 41.6 }
    await nextTick()
    expect(view.text()).toContain('CPU 42 %')
  })
})
