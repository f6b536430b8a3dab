import { describe, expect, it } from 'vitest'
import { freeLeftClocks } from '@main/gpu/recording/leftClocks'
import type { Gpu, Recording } from '@shared/contract/gpu'
import { scriptedSmi, smiCommand, type SmiReply } from '../smi/scriptedSmi'

const gpu = (index: number): Gpu => ({ index, uuid: `GPU-${index}` }) as Gpu
const locked = { smClockMhz: 900, restored: false, message: null }

/** A recording of an earlier process that left the clocks of GPUs 0 and 1 locked, with what differs. */
const left = (changes: Partial<Recording> = {}): Recording =>
  ({
    ...{ id: 'r', title: 'bench', state: 'failed', origin: 'measured', gpus: [gpu(0), gpu(1)] },
    clockLock: locked,
    ...changes
  }) as Recording

async function free(
  recordings: Recording[],
  gpus = [gpu(0)],
  reply: (args: string) => SmiReply = () => ({})
) {
  const smi = scriptedSmi(reply)
  const saved: Recording[] = []
  const store = {
    list: async () => recordings,
    save: async (recording: Recording) => void saved.push(recording)
  }
  const found = await freeLeftClocks({ store, spawn: smi.spawn, smi: smiCommand, origin: 'measured', gpus })
  return { ...found, saved, calls: smi.calls }
}

describe('clocks that earlier recordings left locked', () => {
  it('are given back on the GPUs that are there, stored, and told', async () => {
    const { freed, stuck, saved, calls } = await free([left()], [gpu(1), gpu(3)])
    expect(calls).toEqual(['-i 1 -rgc'])
    expect(stuck).toBeNull()
    expect(saved).toEqual([
      {
        ...left(),
        clockLock: { ...locked, restored: true, message: 'It was given back by a later recording.' }
      }
    ])
    expect(freed).toEqual([
      'The recording "bench" ended without giving the SM clock of GPU 1 back (900 MHz): that was done now.'
    ])
  })

  it('are the first one’s where nvidia-smi refuses, with the way to free them', async () => {
    const { freed, stuck, saved } = await free(
      [left(), left({ title: 'later', clockLock: { ...locked, smClockMhz: 1200 } })],
      [gpu(0), gpu(1)],
      () => ({ stderr: 'Insufficient Permissions', exitCode: 4 })
    )
    expect([freed, saved]).toEqual([[], []])
    expect(stuck).toEqual({
      ...{ smClockMhz: 900, restored: false, left: true },
      message:
        'The recording "bench" locked the SM clock of GPU 0, 1 at 900 MHz and did not give it back; it may still be locked ' +
        '(GPU 0: Insufficient Permissions; GPU 1: Insufficient Permissions): run nvidia-smi -rgc.'
    })
  })

  it.each<[string, Partial<Recording>]>([
    ['runs', { state: 'running' }],
    ['locked none', { clockLock: null }],
    ['gave them back', { clockLock: { ...locked, restored: true } }],
    ['only found them locked', { clockLock: { ...locked, left: true } }],
    ['was made with a stand-in', { origin: 'simulated' }],
    ['was made on other GPUs', { gpus: [gpu(7)] }],
    ['knows no identity of its GPUs', { gpus: [{ ...gpu(0), uuid: null }] }]
  ])('are left alone where the recording %s', async (_, changes) => {
    expect(await free([left(changes)])).toEqual({ freed: [], stuck: null, saved: [], calls: [] })
  })

  it('are left alone on a GPU without an identity', async () => {
    expect((await free([left()], [{ ...gpu(0), uuid: null }])).calls).toEqual([])
  })
})
