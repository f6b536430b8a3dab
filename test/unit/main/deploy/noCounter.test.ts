import { describe, expect, it } from 'vitest'
import { deploymentText } from '@main/cli/deploy/deploy'
import { createUniformRun } from '@main/costs/uniformRun'
import { runDeployment } from '@main/deploy/deployRun'
import type { Deployment } from '@shared/contract/deploy'

type Deps = Parameters<typeof runDeployment>[1]
type Context = Parameters<typeof runDeployment>[2]

const context = { signal: new AbortController().signal, progress: () => undefined } as unknown as Context

/** Two images of two outputs that agree with the host, on a core whose reply to `run` carries these sums. */
async function deploy(
  counters: { cycles: boolean; instructions: boolean },
  spent: { cycles: number; instructions: number },
  unit: Deployment['unit'],
  timing: { clockHz: number | null; imageMs: number } = { clockHz: null, imageMs: 0 }
): Promise<{ deployment: Deployment; layerReads: number }> {
  const deployment = {
    request: { boardId: 'board', modelId: 'model', images: 2 },
    modelName: 'model',
    boardName: 'Bench 3',
    unit,
    origin: 'measured',
    plan: null,
    predicted: 100,
    measured: null,
    layers: []
  } as unknown as Deployment
  const logits = Int32Array.of(3, 5, 0, 7)
  // The same logits, each pair followed by the index of the larger one.
  const results = Int32Array.of(3, 5, 1, 0, 7, 1)
  let layerReads = 0
  let ms = 0
  const deps = {
    boards: {
      info: async () => ({ counters, clockHz: timing.clockHz }),
      withLease: async (_id: string, _owner: string, work: (session: unknown) => Promise<void>) =>
        work({ upload: async () => undefined, read: async () => new Uint8Array(results.buffer) })
    },
    models: {
      testInputs: async () => ({ codes: new Int8Array(2), labels: null, images: 2 }),
      reference: async () => logits
    },
    prepare: async () => ({
      network: { inputShape: [1, 1, 1], outputCount: 2 },
      described: { predicted: 100, layers: [{ name: 'conv', op: 'conv2d', predicted: 100 }] }
    }),
    load: async () => ({
      place: { inputAddress: 0, outputAddress: 16, images: 2 },
      execute: async (count: number) => {
        // The line and the rest of a command take 7 ms.
        ms += 7 + count * timing.imageMs
        return spent
      },
      layerCounters: async () => {
        layerReads++
        return [{ ...spent, runs: 2 }]
      }
    }),
    change: async (changes: Partial<Deployment>) => void Object.assign(deployment, changes),
    nowMs: () => 0,
    steadyMs: () => ms
  } as unknown as Deps
  await runDeployment(deployment, deps, context)
  return { deployment, layerReads }
}

describe('a deployment to a core without counters', () => {
  it('compares the outputs and reports no cost', async () => {
    const { deployment, layerReads } = await deploy(
      { cycles: false, instructions: false },
      { cycles: 0, instructions: 0 },
      'instructions'
    )
    expect(deployment).toMatchObject({
      state: 'done',
      bitExact: true,
      predicted: 100,
      measured: null,
      relativeError: null,
      layers: []
    })
    expect(layerReads).toBe(0)
    expect(deploymentText(deployment)).toContain('no counter that its monitor can read')
    expect(deploymentText(deployment)).not.toMatch(/\b0 instructions|\(measured\)/)
  })

  it('times the images by the host’s clock where the board’s clock is known, and says so', async () => {
    const none = { cycles: false, instructions: false }
    const { deployment, layerReads } = await deploy(none, { cycles: 0, instructions: 0 }, 'cycles', {
      clockHz: 50_000_000,
      imageMs: 40
    })
    // 40 ms at 50 MHz.
    expect(deployment).toMatchObject({
      state: 'done',
      measured: 2_000_000,
      measuredBy: 'host clock, 5 x 1 repetitions, ± 0.00 %',
      layers: []
    })
    expect(layerReads).toBe(0)
    expect(deploymentText(deployment)).toContain('2 Mcycles (host clock, 5 x 1 repetitions, ± 0.00 %)')
  })

  it('has no figure for a network too short for the host’s clock, and says why', async () => {
    const none = { cycles: false, instructions: false }
    const { deployment } = await deploy(none, { cycles: 0, instructions: 0 }, 'cycles', {
      clockHz: 50_000_000,
      imageMs: 2
    })
    expect(deployment).toMatchObject({ state: 'done', bitExact: true, measured: null, relativeError: null })
    expect(deploymentText(deployment)).toContain(
      'not measured: This network is too short for the host’s clock: the delays of the line are as long as its repetitions; predicted'
    )
  })

  it('differs from one that counts: 250 instructions for two images are 125 for one', async () => {
    const { deployment } = await deploy(
      { cycles: false, instructions: true },
      { cycles: 0, instructions: 250 },
      'instructions'
    )
    expect(deployment).toMatchObject({
      measured: 125,
      relativeError: -0.2,
      layers: [{ name: 'conv', predicted: 100, measured: 125, relativeError: -0.2 }]
    })
    expect(deploymentText(deployment)).toContain('per image 125 instructions (measured)')
  })

  it('calibrates no network', async () => {
    let runs = 0
    const run = createUniformRun({
      connect: async () => ({
        name: 'Bench 3',
        info: {
          buildId: 1,
          coreName: 'litex',
          clockHz: null,
          counters: { cycles: false, instructions: false }
        },
        origin: 'measured'
      }),
      layers: async () => [{ name: 'conv' }],
      measure: async () => {
        runs++
        throw new Error('not to be reached')
      }
    })
    await expect(
      run({ boardId: 'board', modelId: 'model', bits: 8, images: 1 }, context)
    ).rejects.toMatchObject({ code: 'board.refused' })
    expect(runs).toBe(0)
  })
})
