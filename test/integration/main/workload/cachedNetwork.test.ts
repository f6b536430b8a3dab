import { InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { cachedRuns } from '@main/workload/runner/cachedRuns'
import { keyValueCache } from '@main/workload/runner/keyValueCache'
import type { Subject } from '@main/workload/runner/subject'
import { bundleWorker } from '../../../support/workerFile'
import { cachedModel, samples, window, words } from './cachedModel'
import { startStageRunner } from './stageRunner'
import { workloadRig, type WorkloadRig } from './workloadRig'

/** Language models that are exported with a key/value cache, as transformers and Optimum name it. */
let rig: WorkloadRig
let runnerFile: string
beforeAll(async () => {
  runnerFile = await bundleWorker('src/main/workloadRunner.ts')
  rig = await workloadRig({ runnerFile })
})
afterAll(() => rig.close())
vi.setConfig({ testTimeout: 240_000 })

const model = cachedModel

describe('a network with a key/value cache', () => {
  it('decodes from its cache what a pass over all tokens says of the last one, repetition by repetition', async () => {
    const subject = {
      ...{ file: model, test: { test: samples } },
      open: () => InferenceSession.create(encodeOnnx(model))
    } as unknown as Subject
    const cache = keyValueCache(model)!
    expect(cache).toMatchObject({
      tokens: { name: 'input_ids' },
      pairs: ['key', 'value'].map((name) => ({
        past: `past_key_values.0.${name}`,
        present: `present.0.${name}`
      }))
    })
    const runs = (await cachedRuns(subject, cache))!
    expect(runs.window).toBe(window)
    const lastOf = (
      found: Awaited<ReturnType<ReturnType<typeof runs.prepare>['prefill']>>,
      batch: number
    ): number[] => {
      const { data, dims } = found['logits']!
      const tokens = dims[1]!
      return Array.from({ length: batch }, (_, row) =>
        Array.from(
          (data as Float32Array).subarray((row * tokens + tokens - 1) * words, (row + 1) * tokens * words)
        )
      ).flat()
    }
    for (const [batch, prompt, outputs] of [
      [1, 1, 8],
      [2, 5, 3],
      [3, 8, 1]
    ] as const) {
      const { prefill, decode } = runs.prepare(batch, prompt, outputs)
      for (let repetition = 0; repetition < 2; repetition++) {
        await prefill()
        for (const [at, pass] of decode.entries()) {
          const found = lastOf(await pass(), batch)
          const whole = lastOf(await runs.prepare(batch, prompt + at + 1, 0).prefill(), batch)
          expect(found).toHaveLength(batch * words)
          for (const [place, score] of found.entries()) expect(score).toBeCloseTo(whole[place]!, 4)
        }
      }
    }
  })

  it('is not found where a present is missing, and in networks without one', () => {
    expect(keyValueCache({ inputs: model.inputs, outputs: model.outputs.slice(0, 2) })).toBeNull()
    expect(keyValueCache({ inputs: model.inputs.slice(0, 1), outputs: model.outputs })).toBeNull()
  })

  it('is not decoded token by token where it takes more than tokens, cache, mask and positions', async () => {
    const kinds = { ...model.inputs[0]!, name: 'token_type_ids' }
    const more = { ...model, inputs: [...model.inputs, kinds] }
    const subject = { file: more, test: { test: samples } } as unknown as Subject
    const cache = keyValueCache(more)!
    expect(cache.tokens.name).toBe('input_ids')
    expect(await cachedRuns(subject, cache)).toBeNull()
  })

  it('is measured by stage and decode position, and runs as a workload on samples that hold tokens alone', async () => {
    const { files, events, runner } = await startStageRunner(runnerFile, rig.folder, model, 'cached.onnx')
    expect(events.find(({ event }) => event === 'knobs')).toMatchObject({
      stages: ['prefill', 'decode'],
      limits: [{ sumOf: ['promptTokens', 'outputTokens'], max: window }]
    })
    const knobs = { promptTokens: 4, batch: 2 }
    runner.send({ do: 'latency', id: 'one', knobs, outputTokens: 5, repetitions: 2 })
    await runner.until((event) => (event.event === 'done' && event.id === 'one' ? event : undefined), 100_000)
    runner.send({ do: 'latency', id: 'two', knobs, outputTokens: 6, repetitions: 1 })
    const refused = await runner.until((event) => (event.event === 'error' ? event : undefined), 100_000)
    expect(refused).toMatchObject({ id: 'two' })
    await runner.stop()
    const times = events.filter((event) => event.event === 'stages')
    expect(times.map(({ decodePerTokenMs }) => decodePerTokenMs?.length)).toEqual([5, 5])

    const run = await rig.toEnd(
      rig.request({
        runner: { kind: 'onnx', model: files.model, dataset: files.dataset, task: 'perplexity', batch: 3 },
        ...{ phaseMs: 10, kinds: ['benchmark', 'predictions'], precisions: ['fp32'], ablations: ['zero'] }
      })
    )
    expect(run).toMatchObject({ state: 'done', message: null })
    expect(run.tables.benchmark[0]?.quality.n).toBe(samples.length * (window - 1))
  })
})
