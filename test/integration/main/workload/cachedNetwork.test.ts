import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRandom } from '@core/math/random'
import type { OnnxModel, OnnxNode, OnnxTensor } from '@core/model/onnx/onnx'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { startRunner } from '@main/workload/process/runnerProcess'
import { cachedRuns } from '@main/workload/runner/cachedRuns'
import { keyValueCache } from '@main/workload/runner/keyValueCache'
import type { Subject } from '@main/workload/runner/subject'
import type { RunnerEvent } from '@shared/contract/workload/workloadProtocol'
import { bundleWorker } from '../../../support/workerFile'
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

const random = createRandom(3)
const [words, window, heads, size] = [11, 9, 2, 3]
const floats = (name: string, dims: number[]): OnnxTensor => ({
  ...{ name, dims },
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal())
})
const ints = (name: string, values: number[]): OnnxTensor => ({
  ...{ name, dims: [values.length] },
  data: BigInt64Array.from(values, BigInt)
})
const node = (
  opType: string,
  inputs: string[],
  output: string,
  attributes: OnnxNode['attributes'] = {}
): OnnxNode => ({
  ...{ name: `${output}/${opType}`, opType, domain: '', inputs, outputs: [output], attributes }
})
const perm = (value: number[]): OnnxNode['attributes'] => ({ perm: { kind: 'ints', value } })
const axis = (value: number): OnnxNode['attributes'] => ({ axis: { kind: 'int', value } })

/** One attention with a cache. No causal mask: only the scores of the last token are those of a pass over all. */
function network(): OnnxModel {
  const split = (what: string): OnnxNode[] => [
    node('Gather', [`${what}_table`, 'input_ids'], `${what}_flat`),
    node('Reshape', [`${what}_flat`, 'into_heads'], `${what}_rows`),
    node('Transpose', [`${what}_rows`], `${what}_new`, perm([0, 2, 1, 3]))
  ]
  const caches = ['key', 'value'].map((name) => ({
    ...{ name: `past_key_values.0.${name}`, elementType: 'float32' as const },
    dims: ['batch', heads, 'past', size]
  }))
  const numbers = (name: string, tokens: string) => ({
    ...{ name, elementType: 'int64' as const, dims: ['batch', tokens] }
  })
  return {
    ...{ name: 'cached', opset: 17, metadata: {} },
    inputs: [
      numbers('input_ids', 'tokens'),
      numbers('attention_mask', 'total'),
      numbers('position_ids', 'tokens'),
      ...caches
    ],
    outputs: ['logits', 'present.0.key', 'present.0.value'].map((name) => ({
      ...{ name, elementType: 'float32' as const, dims: null, untyped: true }
    })),
    initializers: [
      ...['q', 'k', 'v'].map((what) => floats(`${what}_table`, [words, heads * size])),
      ...[floats('place_table', [window, heads * size]), floats('head', [heads * size, words])],
      ...[
        ints('into_heads', [0, 0, heads, size]),
        ints('joined', [0, 0, heads * size]),
        ints('around', [0, 1, 1, -1])
      ],
      ...[1, 1e4].map((value) => ({ name: `c${value}`, dims: [], data: Float32Array.of(value) }))
    ],
    nodes: [
      ...[...split('q'), ...split('k'), ...split('v')],
      node('Gather', ['place_table', 'position_ids'], 'place_flat'),
      node('Reshape', ['place_flat', 'into_heads'], 'place_rows'),
      node('Transpose', ['place_rows'], 'place_new', perm([0, 2, 1, 3])),
      node('Add', ['q_new', 'place_new'], 'asked'),
      node('Concat', ['past_key_values.0.key', 'k_new'], 'present.0.key', axis(2)),
      node('Concat', ['past_key_values.0.value', 'v_new'], 'present.0.value', axis(2)),
      node('Transpose', ['present.0.key'], 'turned', perm([0, 1, 3, 2])),
      node('MatMul', ['asked', 'turned'], 'scores'),
      node('Cast', ['attention_mask'], 'mask_float', { to: { kind: 'int', value: 1 } }),
      node('Reshape', ['mask_float', 'around'], 'mask_around'),
      node('Sub', ['mask_around', 'c1'], 'mask_less'),
      node('Mul', ['mask_less', 'c10000'], 'mask_far'),
      node('Add', ['scores', 'mask_far'], 'masked'),
      node('Softmax', ['masked'], 'shares', axis(-1)),
      node('MatMul', ['shares', 'present.0.value'], 'mixed'),
      node('Transpose', ['mixed'], 'mixed_rows', perm([0, 2, 1, 3])),
      node('Reshape', ['mixed_rows', 'joined'], 'mixed_flat'),
      node('MatMul', ['mixed_flat', 'head'], 'logits')
    ]
  }
}

const model = network()
const samples = Array.from({ length: 6 }, () => {
  const ids = Array.from({ length: window }, () => random.integer(words))
  return { inputs: { input_ids: ids }, labels: [...ids.slice(1), -1] }
})

describe('a network with a key/value cache', () => {
  it('decodes from its cache what a pass over all tokens says of the last one, repetition by repetition', async () => {
    const subject = {
      ...{ network: { model }, test: { test: samples } },
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
    const subject = { network: { model: more }, test: { test: samples } } as unknown as Subject
    const cache = keyValueCache(more)!
    expect(cache.tokens.name).toBe('input_ids')
    expect(await cachedRuns(subject, cache)).toBeNull()
  })

  it('is measured by stage and decode position, and runs as a workload on samples that hold tokens alone', async () => {
    const files = {
      model: path.join(rig.folder, 'cached.onnx'),
      dataset: path.join(rig.folder, 'tokens.jsonl')
    }
    writeFileSync(files.model, encodeOnnx(model))
    writeFileSync(files.dataset, samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''))
    const events: RunnerEvent[] = []
    const args = [
      '--model',
      files.model,
      '--data',
      files.dataset,
      '--scratch',
      rig.folder,
      '--task',
      'perplexity'
    ]
    const runner = startRunner(
      spawn,
      { file: process.execPath, args: [runnerFile, ...args], env: { BITBENCH_WORKLOAD_STAGES: '1' } },
      { onEvent: (event) => void events.push(event), onOutput: () => undefined }
    )
    await runner.until((event) => (event.event === 'plan' ? event : undefined), 100_000)
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
