import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { gatherEvidence, listComputeApps, type EvidenceOptions } from '@main/gpu/recording/recordingEvidence'
import type { ClockLock, Gpu } from '@shared/contract/gpu'
import { temporaryFolder } from '../../../../support/temporaryFolder'
import { scriptedSmi, smiCommand, type SmiReply } from '../smi/scriptedSmi'

const gpu = (index: number, more: Partial<Gpu> = {}): Gpu =>
  ({ index, uuid: `GPU-${index}`, powerLimitW: 100 * (index + 1), migEnabled: false, ...more }) as Gpu

/** What is asked of gatherEvidence, over an nvidia-smi that lists `apps` and obeys, or what the test says. */
function begin(changes: Partial<EvidenceOptions> = {}, reply?: (args: string) => SmiReply | undefined) {
  const apps = { text: 'GPU-0, 12, 512 MiB, python train.py, fast\nGPU-9, 13, [N/A], other\n' }
  const smi = scriptedSmi(
    (args) => reply?.(args) ?? (args.startsWith('--query-compute-apps') ? { stdout: apps.text } : {})
  )
  const locking: ClockLock[] = []
  const options: EvidenceOptions = {
    ...{ smi: smiCommand, origin: 'simulated', spawn: smi.spawn, gpus: [gpu(0), gpu(1)] },
    ...{ lockClockMhz: undefined, leftClock: null, nvmlLibrary: undefined, nowMs: () => 0 },
    onLocking: async (lock) => void locking.push(lock),
    powercapFolder: path.join(temporaryFolder(), 'none'),
    ...changes
  }
  return { gathered: gatherEvidence(options), calls: smi.calls, locking, apps, options }
}

describe('what surrounds a recording', () => {
  it('has processes of others on its GPUs before and after, limits and slices', async () => {
    const { gathered, apps } = begin({ gpus: [gpu(0, { migEnabled: true }), gpu(1)] })
    const evidence = await gathered
    apps.text = 'GPU-1, 14, 1 MiB, late\n'
    await evidence.lookAfter()
    expect(evidence.fields()).toMatchObject({
      strangers: [
        {
          gpuIndex: 0,
          pid: 12,
          name: 'python train.py, fast',
          usedMemoryBytes: 512 * 2 ** 20,
          seen: 'before'
        },
        { gpuIndex: 1, pid: 14, name: 'late', usedMemoryBytes: 2 ** 20, seen: 'after' }
      ],
      ...{ strangersUnknown: null, migGpus: [0], powerLimitsW: [100, 200], clockLock: null },
      counter: { state: 'unavailable', source: null, reason: expect.stringContaining('is a stand-in') },
      cpuCounter: { state: 'unavailable', source: null }
    })
    await evidence.release()
  })

  it('takes processes that were looked for before the work began, and does not look again', async () => {
    const known = [{ gpuUuid: 'GPU-1', pid: 5, usedMemoryBytes: null, name: 'known' }]
    const { gathered, calls } = begin({ othersBefore: known })
    expect((await gathered).fields().strangers).toEqual([
      { gpuIndex: 1, pid: 5, name: 'known', usedMemoryBytes: null, seen: 'before' }
    ])
    expect(calls).toEqual([])
  })

  it('says why processes are unknown, and goes on', async () => {
    const { gathered, options } = begin({}, () => ({ stdout: 'Not Supported\nmore', exitCode: 3 }))
    const said = 'nvidia-smi did not list the processes on the GPU: Not Supported.'
    expect((await gathered).fields()).toMatchObject({ strangers: [], strangersUnknown: said })
    await expect(listComputeApps(options)).rejects.toMatchObject({ code: 'tool.failed', message: said })
    const silent = begin({}, () => ({ exitCode: 3 }))
    expect((await silent.gathered).fields().strangersUnknown).toBe(
      'nvidia-smi did not list the processes on the GPU.'
    )
  })

  it('notes clocks before they are locked, and gives them back once', async () => {
    const { gathered, calls, locking } = begin({ lockClockMhz: 900 })
    const evidence = await gathered
    expect(locking).toEqual([{ smClockMhz: 900, restored: false, message: null }])
    expect(calls.slice(0, 2)).toEqual(['-i 0 -lgc 900,900', '-i 1 -lgc 900,900'])
    expect(evidence.fields().clockLock).toEqual({ smClockMhz: 900, restored: false, message: null })
    await Promise.all([evidence.release(), evidence.release()])
    expect(calls.filter((line) => line.endsWith('-rgc'))).toEqual(['-i 0 -rgc', '-i 1 -rgc'])
    expect(evidence.fields().clockLock).toEqual({ smClockMhz: 900, restored: true, message: null })
  })

  it('gives a clock back that was locked where another refuses', async () => {
    const { gathered, calls } = begin({ lockClockMhz: 900 }, (args) =>
      args === '-i 1 -lgc 900,900'
        ? { stdout: 'Setting locked GPU clocks is not supported', exitCode: 0 }
        : undefined
    )
    await expect(gathered).rejects.toMatchObject({
      code: 'tool.failed',
      message: 'The clock of GPU 1 could not be locked at 900 MHz: Setting locked GPU clocks is not supported'
    })
    expect(calls.at(-1)).toBe('-i 0 -rgc')
  })

  it('gives clocks back where something else than expected fails', async () => {
    // A folder whose reading fails otherwise than by being absent.
    const broken = {
      toString: () => {
        throw new Error('boom')
      }
    } as unknown as string
    const { gathered, calls } = begin({ lockClockMhz: 900, powercapFolder: broken })
    await expect(gathered).rejects.toThrow()
    expect(calls.slice(-2)).toEqual(['-i 0 -rgc', '-i 1 -rgc'])
  })

  it('has a clock that was left locked, where none is locked now', async () => {
    const leftClock = { smClockMhz: 700, restored: false, message: 'left', left: true }
    expect((await begin({ leftClock }).gathered).fields().clockLock).toEqual(leftClock)
  })

  it('reads the energy of the processor, whose counter is named', async () => {
    const zone = path.join(temporaryFolder(), 'intel-rapl:0')
    mkdirSync(zone)
    for (const [name, text] of [
      ['name', 'package-0'],
      ['energy_uj', '1000000'],
      ['max_energy_range_uj', '262143328850']
    ] as const)
      writeFileSync(path.join(zone, name), `${text}\n`)
    const evidence = await begin({ powercapFolder: path.dirname(zone) }).gathered
    expect(evidence.fields().cpuCounter).toMatchObject({ state: 'read', reason: null })
    const readings: unknown[] = []
    evidence.startCounters((reading) => void readings.push(reading))
    await expect.poll(() => readings.length).toBeGreaterThan(0)
    await evidence.stopCounters()
    await evidence.release()
  })
})
