// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import RecordMeter from '@renderer/views/meter/RecordMeter.vue'
import { choose, enabledButtons, submit, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('the inputs of a meter that mark phases', () => {
  const record = vi.fn((_: unknown) => ({ jobId: 'j', recordingId: 'r' }))
  const mounted = async (inputs: string): Promise<void> => {
    record.mockClear()
    withClient({ 'meter.record': record })
    view = mountView(RecordMeter, {})
    await type(view, 'Phase inputs', inputs)
  }

  it('are read as their names or numbers', async () => {
    await mounted('D0, d7 3')
    await submit(view)
    await settle()
    expect(record).toHaveBeenCalledWith(expect.objectContaining({ inputs: [0, 7, 3] }))
  })

  it('are refused with their names where there are none such', async () => {
    await mounted('D1 D9 D0D2')
    expect(view.the('[role=alert]').textContent).toContain('D9, D0D2: a PPK2 has the inputs D0 to D7.')
    expect(enabledButtons(view)).not.toContain('Record')
  })

  it('are none of a meter of lines, which has no inputs', async () => {
    await mounted('D9')
    await choose(view, 'Kind', 'lines time,current[,voltage]')
    await submit(view)
    expect(record).toHaveBeenCalledWith(expect.objectContaining({ inputs: [] }))
  })
})

describe('the lines of a meter', () => {
  it('are in the chosen units, where no header names them', async () => {
    const record = vi.fn((_: unknown) => ({ jobId: 'j', recordingId: 'r' }))
    withClient({ 'meter.record': record })
    view = mountView(RecordMeter, {})
    expect(view.text()).not.toContain('Current in')
    await choose(view, 'Kind', 'lines time,current[,voltage]')
    await choose(view, 'Time in', 's')
    await choose(view, 'Current in', 'mA')
    await submit(view)
    expect(record).toHaveBeenCalledWith(
      expect.objectContaining({ kind: 'text', units: { time: 's', current: 'ma', voltage: 'v' } })
    )
  })
})
