import { describe, expect, it } from 'vitest'
import { MonitorClient } from '@core/board/monitorClient'
import { writeTimedOut, writeTimeoutMs } from '@main/board/links/link'
import { encodeFrame, FrameDecoder } from '@core/board/frame'
import { opcodes, responseFlag } from '@core/board/protocol'
import { patienceHint, patienceOf } from '@main/board/links/patience'

describe('patience with simulated boards', () => {
  it.each([
    ['serial', {}, 1],
    ['serial', { BITBENCH_PATIENCE: '50' }, 1],
    ['qemu', {}, 6],
    ['rtl', { BITBENCH_PATIENCE: '50' }, 50],
    ['qemu', { BITBENCH_PATIENCE: '0.5' }, 6],
    ['qemu', { BITBENCH_PATIENCE: 'long' }, 6],
    ['qemu', { BITBENCH_PATIENCE: '1e9' }, 1_000]
  ] as const)('of kind %s with %o is %i', (kind, environment, expected) => {
    expect(patienceOf(kind, environment)).toBe(expected)
  })

  it('lets a line take nothing for so much longer, and says what to set', () => {
    expect(writeTimeoutMs(100, null, patienceOf('serial', {}))).toBe(5_000)
    expect(writeTimeoutMs(100, null, patienceOf('rtl', {}))).toBe(30_000)
    expect(writeTimedOut('qemu', 100, 30_000, patienceHint('qemu')).hint).toContain('BITBENCH_PATIENCE')
    expect(writeTimedOut('/dev/ttyUSB0', 100, 5_000, patienceHint('serial')).hint).toContain('cable')
  })

  it('waits longer for commands that compute, and for no other', () => {
    const client = new MonitorClient({ patience: 6, silenceHint: 'wait' })
    const waits = (conversation: ReturnType<typeof client.echo>): { waited: number[]; hint: string } => {
      const waited: number[] = []
      try {
        for (let step = conversation.next(new Uint8Array(0)); step.done !== true;) {
          if (step.value.kind === 'receive') waited.push(step.value.timeoutMs)
          step = conversation.next(new Uint8Array(0))
        }
      } catch (error) {
        return { waited, hint: (error as { hint: string }).hint }
      }
      throw new Error('a silent board replied')
    }
    const expected = (ms: number) => ({ waited: Array.from({ length: 8 }, () => ms), hint: 'wait' })
    expect(waits(client.echo(Uint8Array.of(1)))).toEqual(expected(1_000))
    expect(waits(client.tensor(0) as unknown as ReturnType<typeof client.echo>)).toEqual(expected(1_000))
    expect(waits(client.prepare(0) as unknown as ReturnType<typeof client.echo>)).toEqual(expected(6_000))
  })
  it.each([
    [1_000_000, 10_000],
    [10_000, 100_000],
    [12_000_000, 1_000],
    [0, 1_000]
  ])('waits longer for a core of %i Hz: %i ms', (clockHz, expected) => {
    const client = new MonitorClient()
    const conversation = client.hello(1)
    let step = conversation.next(new Uint8Array(0))
    const [request] = new FrameDecoder().push((step.value as { bytes: Uint8Array }).bytes)
    const { seq } = (request as { frame: { seq: number } }).frame
    // Clock, RAM, build, nonce and identity of a monitor without kernels.
    const words = new Uint8Array(Uint32Array.of(clockHz, 0, 0, 0, 1, 0, 0, 0).buffer)
    const payload = Uint8Array.of(0, 1, 0, 1, 3, ...words, 32, 0, 0, 0, 0)
    const reply = encodeFrame(seq, opcodes.hello | responseFlag, payload)
    while (step.done !== true)
      step = conversation.next(step.value.kind === 'receive' ? reply : new Uint8Array(0))
    expect(client.info?.clockHz).toBe(clockHz === 0 ? null : clockHz)
    const prepare = client.prepare(0)
    for (let next = prepare.next(new Uint8Array(0)); ; next = prepare.next(new Uint8Array(0))) {
      if (next.done === true || next.value.kind !== 'receive') continue
      expect(next.value.timeoutMs).toBe(expected)
      break
    }
  })
})
