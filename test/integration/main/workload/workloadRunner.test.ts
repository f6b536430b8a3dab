import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { listSupportedBackends } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRandom } from '@core/math/random'
import { resourcePath } from '@main/paths'
import { tryProviders } from '@main/workload/process/providers'
import { bundleWorker } from '../../../support/workerFile'
import { workloadRig, type WorkloadRig } from './workloadRig'

let rig: WorkloadRig
let runnerFile: string
beforeAll(async () => {
  runnerFile = await bundleWorker('src/main/workloadRunner.ts')
  rig = await workloadRig({ runnerFile })
})
afterAll(() => rig.close())

// Each runs a network of its own in a process of its own.
vi.setConfig({ testTimeout: 240_000 })

describe('the runner on onnxruntime', () => {
  it.each(['gloss-classifier', 'gloss-language'])('%s is as good as its card says', async (model) => {
    const card = JSON.parse(readFileSync(resourcePath('workloads', `${model}.json`), 'utf8')) as {
      test: { accuracy?: number; perplexity?: number; rows: number; tokens?: number }
    }
    const request = rig.request({
      runner: { kind: 'onnx', model },
      ...{ kinds: ['predictions'], precisions: ['fp32'], ablations: ['skip'] }
    })
    const run = await rig.toEnd(request)
    expect(run.message).toBeNull()
    const original = run.tables.impacts[0]!
    const before = original.quality.value! - original.qualityChange.value!
    expect(before).toBeCloseTo(card.test.accuracy ?? card.test.perplexity!, card.test.accuracy ? 3 : 1)
    expect(original.quality.n).toBe(card.test.tokens ?? card.test.rows)
    // The ablation of something matters, and its KL is positive.
    expect(Math.max(...run.tables.impacts.map(({ klNats }) => klNats.value!))).toBeGreaterThan(0.1)
    expect(Math.min(...run.tables.impacts.map(({ klNats }) => klNats.value!))).toBeGreaterThanOrEqual(0)
  })

  it('runs a convolutional network, whose operators have no module paths', async () => {
    const random = createRandom(1)
    const dataset = path.join(rig.folder, 'images.jsonl')
    const image = (): number[][][] => [
      Array.from({ length: 28 }, () => Array.from({ length: 28 }, () => random.next()))
    ]
    const lines = Array.from({ length: 16 }, (_, label) => ({
      inputs: { image: image() },
      label: label % 10
    }))
    writeFileSync(dataset, lines.map((line) => JSON.stringify(line)).join('\n'))
    const model = resourcePath('models', 'lenet5-fashion.onnx')
    const run = await rig.toEnd(
      rig.request({ runner: { kind: 'onnx', model, dataset, batch: 4 }, phaseMs: 10, ablations: ['zero'] })
    )
    expect(run.message).toBeNull()
    expect(run.state).toBe('done')
    expect(run.subject).toMatchObject({ model: 'lenet5-fashion', device: 'cpu', task: 'accuracy' })
    const types = run.tables.layers.map(({ type }) => type)
    expect(types.filter((type) => type === 'convolution')).toHaveLength(2)
    expect(types.at(-1)).toBe('classifier')
    expect(run.tables.layers.every(({ timeUs }) => timeUs.value! > 0)).toBe(true)
    expect(run.tables.benchmark.map(({ precision }) => precision)).toEqual(
      expect.arrayContaining(['fp32', 'int8Dynamic', 'int8Static'])
    )
    const [fp32, ...others] = run.tables.benchmark
    for (const { weightBytes } of others) expect(weightBytes).toBeLessThan(fp32!.weightBytes!)
    expect(run.tables.closure.timePercent).not.toBeNull()
  })

  it('tries the providers without printing to the stderr of the caller', async () => {
    const stdio: unknown[] = []
    const trials = await tryProviders((file, args, options) => {
      stdio.push(options.stdio)
      return spawn(file, args, options)
    }, runnerFile)
    expect(stdio).toEqual([['ignore', 'pipe', 'pipe']])
    expect(trials).toContainEqual({ provider: 'cpu', reason: null })
    const names = trials.map(({ provider }) => provider)
    expect(names).toEqual(listSupportedBackends().map(({ name }) => name))
    await expect(tryProviders(spawn, '/nowhere/runner.js')).rejects.toMatchObject({ code: 'tool.failed' })
  })

  it('says which sample of a test set is wrong', async () => {
    const dataset = path.join(rig.folder, 'wrong.jsonl')
    writeFileSync(dataset, '{"inputs":{"ids":[1,2]},"label":0}\n{"inputs":3}\n')
    const run = await rig.toEnd(rig.request({ runner: { kind: 'onnx', model: 'gloss-classifier', dataset } }))
    expect(run).toMatchObject({ state: 'failed', message: expect.stringMatching(/Line 2/) as string })
  })
})
