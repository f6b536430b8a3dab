import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fakeSmiFile } from '../fixtures/smi/standIn'

const run = promisify(execFile)

/** Runs an example as its README says; the JSON of its last line. */
async function example(name: string): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [`examples/${name}/run.mjs`], {
    env: { ...process.env, BITBENCH_NVIDIA_SMI: fakeSmiFile },
    maxBuffer: 2 ** 24
  })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>
}

const results: Record<string, (result: Record<string, unknown>) => void> = {
  'profile-and-fit': (result) => {
    expect(result).toMatchObject({
      samples: 24,
      campaignSamples: 24,
      predictions: 24,
      insideTheirBounds: true
    })
    expect(result['unseenShapeErrorPercent']).toBeLessThan(15)
  },
  search: (result) => {
    expect(result).toMatchObject({ isWithinBudget: true, evaluations: 4 })
    expect(result['testAccuracy']).toBeGreaterThanOrEqual(0.9)
  },
  deploy: (result) => expect(result).toMatchObject({ bitExact: true, images: 2, makefile: true }),
  'own-network': (result) =>
    expect(result).toMatchObject({
      items: 80,
      deployable: true,
      floatAccuracy: 1,
      int8Accuracy: 1,
      bitExact: true
    }),
  'gpu-energy': (result) => {
    expect(result).toMatchObject({ gpus: 1, origin: 'simulated' })
    expect(result['samples']).toBeGreaterThan(20)
    const { totalJ, idleJ, netJ } = result as Record<string, number>
    expect(totalJ! - idleJ!).toBeCloseTo(netJ!, 6)
    expect(totalJ).toBeGreaterThan(0)
  },
  estimator: (result) => {
    // 2 + 0.002 x 200 x 14 + 0.05 x 4 x 14 = 10.4 ms; 40 x (0.5 + 0.08 x 14 + 0.02 x 4 x 14) = 109.6 ms
    expect(result['prefillMs']).toBeCloseTo(10.4, 3)
    expect(result['decodeMs']).toBeCloseTo(109.6, 3)
  },
  workloads: (result) => {
    expect(result).toMatchObject({ state: 'done', layer: 'scores', energy: 'unavailable' })
    expect(result['microsecondsPerCall']).toBeGreaterThan(0)
    expect(result['klWithoutTheLayer']).toBeCloseTo(klAgainstEvenOdds(), 7)
  }
}

/** KL(p || even) of the example's network, computed from its weights. */
function klAgainstEvenOdds(): number {
  const difference = [1.3, -1.1]
  const each = Array.from({ length: 40 }, (_, sample) => {
    const score = difference.reduce((sum, weight, at) => sum + weight * Math.sin(1 + 7 * sample + at), 0)
    const p = 1 / (1 + Math.exp(-score))
    return Math.log(2) + p * Math.log(p) + (1 - p) * Math.log(1 - p)
  })
  return each.reduce((sum, value) => sum + value, 0) / 40
}

describe('examples', () => {
  it('are those that are tested here', () => {
    const folders = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(results).sort())
  })

  for (const [name, check] of Object.entries(results))
    it(`${name} runs and gives what its README says`, async () => check(await example(name)), 240_000)
})
