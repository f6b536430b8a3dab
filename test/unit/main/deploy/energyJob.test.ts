import { hostReadingClock } from '@core/gpu/readingClock'
import { describe, expect, it } from 'vitest'
import { startEnergyJob, type EnergyJobDeps } from '@main/deploy/energyJob'
import { createJobService } from '@main/jobs/jobService'
import { deployEnergyRequestSchema } from '@shared/contract/deploy'
import { AppError } from '@shared/errors'

/** A measurement whose host reference takes until the recording beside it ends. */
async function endedDuringWork(failure?: AppError, recorded?: (network: unknown) => void): Promise<unknown> {
  const ended = new AbortController()
  const finished: string[] = []
  let ids = 0
  const deps = {
    boards: {
      describe: async () => ({ name: 'board' }),
      info: async () => ({ clockHz: null }),
      withLease: () => expect.fail('the work went on without its recording')
    },
    models: {
      name: async () => 'net',
      testInputs: async () => ({ codes: new Int8Array(1), labels: null, images: 1 }),
      reference: (_network: unknown, _codes: unknown, _images: unknown, signal: AbortSignal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
          ended.abort()
        })
    },
    preparation: { prepare: async () => ({ network: { layers: [] } }) },
    // nJ
    predict: async () => ({ layers: [1000, 500], rest: 500, calibrated: false }),
    recordPower: async (_meter: unknown, _title: unknown, network: unknown) => {
      recorded?.(network)
      return {
        ...{
          recordingId: 'r',
          mark: () => undefined,
          complete: () => expect.fail('it was not'),
          ended: ended.signal
        },
        clock: hostReadingClock(() => 0),
        finish: async () => {
          finished.push('r')
          if (failure !== undefined) throw failure
        }
      }
    },
    jobs: createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => `job${++ids}` })
  } as unknown as EnergyJobDeps
  const request = deployEnergyRequestSchema.parse({
    ...{ boardId: 'b', modelId: 'm', scheme: [{ layer: 'a', weightBits: 8, activationBits: 8 }] },
    meter: { kind: 'ppk2', port: '/dev/ttyACM0' }
  })
  const { result } = await startEnergyJob(request, deps)
  const cause = await result.catch((reason: unknown) => reason)
  expect(finished).toEqual(['r'])
  return cause
}

describe('energy of a network on a board', () => {
  it.each(['serial', 'qemu', 'rtl'])('refuses the simulated meter beside a %s board', async (kind) => {
    const deps = {
      boards: { describe: async () => ({ name: 'some board', kind }) },
      models: { name: () => expect.fail('went on') },
      recordPower: () => expect.fail('the meter was started')
    } as unknown as EnergyJobDeps
    const request = deployEnergyRequestSchema.parse({
      ...{ boardId: 'b', modelId: 'm', scheme: [{ layer: 'a', weightBits: 8, activationBits: 8 }] },
      meter: { kind: 'ppk2', port: 'virtual:ppk2' }
    })
    await expect(startEnergyJob(request, deps)).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('some board is none') as string
    })
  })

  it('stops the work when its recording is stopped, and says so', async () => {
    expect(await endedDuringWork()).toMatchObject({
      code: 'data.missing',
      message: expect.stringMatching(/stopped before all phases/) as string
    })
  })

  it('keeps with the recording what is measured, with what proxies predict', async () => {
    const networks: unknown[] = []
    await endedDuringWork(undefined, (network) => networks.push(network))
    expect(networks).toEqual([
      {
        ...{ modelId: 'm', boardId: 'b', boardName: 'board', method: 'ptq', complete: false },
        scheme: [{ layer: 'a', weightBits: 8, activationBits: 8 }],
        // 1500 nJ in two layers and 500 nJ outside of them.
        predictedJ: expect.closeTo(2e-6, 15) as number
      }
    ])
  })

  it('reports the failure of the recording that ended the work', async () => {
    const failure = new AppError('gpu.samplerDied', 'The power meter is gone.', 'Plug it in again.')
    expect(await endedDuringWork(failure)).toMatchObject({ code: 'gpu.samplerDied' })
  })
})
