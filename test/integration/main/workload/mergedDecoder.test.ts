import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { OnnxAttribute, OnnxNode } from '@core/model/onnx/onnx'
import { firstPassOf, mergedDecoder } from '@core/workload/onnx/mergedDecoder'
import { decodeForRewriting, encodeOnnx } from '@main/model/files/onnxFile'
import { cachedRuns } from '@main/workload/runner/cachedRuns'
import { keyValueCache } from '@main/workload/runner/keyValueCache'
import type { Subject } from '@main/workload/runner/subject'
import { bundleWorker } from '../../../support/workerFile'
import { cachedModel, heads, mergedModel, samples, size, window, words } from './cachedModel'
import { startStageRunner } from './stageRunner'
import { workloadRig, type WorkloadRig } from './workloadRig'

/** Decoders in two versions behind an If, as Optimum merges them. onnxruntime on the whole file is the reference. */
let rig: WorkloadRig
let runnerFile: string
beforeAll(async () => {
  runnerFile = await bundleWorker('src/main/workloadRunner.ts')
  rig = await workloadRig({ runnerFile })
})
afterAll(() => rig.close())
vi.setConfig({ testTimeout: 240_000 })

const whole = (values: readonly number[]): Tensor =>
  new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
const emptyCache = (): Tensor => new Tensor('float32', new Float32Array(0), [1, heads, 0, size])
const flag = (value: boolean): Tensor => new Tensor('bool', Uint8Array.of(value ? 1 : 0), [1])
const numbered = (ids: readonly number[]) => ({
  input_ids: whole(ids),
  attention_mask: whole(ids.map(() => 1)),
  position_ids: whole(ids.map((_, at) => at))
})

for (const [spelling, outside] of [
  ['the names of its branches', (name: string) => name],
  ['names of its own', (name: string) => `given_${name}`]
] as const) {
  it(`is the version without a cache, with an If whose outputs have ${spelling}`, async () => {
    const model = decodeForRewriting(encodeOnnx(mergedModel(outside)))
    const merged = mergedDecoder(model)!
    expect(merged.input).toBe('use_cache_branch')
    const first = firstPassOf(model, merged)
    expect(first.inputs.map(({ name }) => name)).toEqual(['input_ids', 'attention_mask', 'position_ids'])
    expect(first.nodes.map(({ opType }) => opType)).not.toContain('If')
    const feeds = numbered(samples[0]!.inputs.input_ids)
    const [one, all] = await Promise.all(
      [first, model].map((each) => InferenceSession.create(encodeOnnx(each)))
    )
    const found = await one!.run(feeds)
    const expected = await all!.run({
      ...{ ...feeds, use_cache_branch: flag(false) },
      ...{ 'past_key_values.0.key': emptyCache(), 'past_key_values.0.value': emptyCache() }
    })
    expect(Object.keys(found)).toEqual(Object.keys(expected))
    for (const name of Object.keys(expected)) {
      expect(found[name]!.dims).toEqual(expected[name]!.dims)
      expect(Array.from(found[name]!.data as Float32Array)).toEqual(
        Array.from(expected[name]!.data as Float32Array)
      )
    }
  })
}

describe('a merged decoder', () => {
  const model = decodeForRewriting(encodeOnnx(mergedModel((name) => name)))

  it('decodes from its cache what its twin that is not merged decodes', async () => {
    const runsOf = async (file: typeof model, choice: string | null) => {
      const subject = { file, test: { test: samples }, open: () => InferenceSession.create(encodeOnnx(file)) }
      return (await cachedRuns(subject as unknown as Subject, keyValueCache(file, choice)!))!
    }
    const [merged, plain] = [await runsOf(model, 'use_cache_branch'), await runsOf(cachedModel, null)]
    const passes = [merged, plain].map((runs) => runs.prepare(2, 3, window - 3))
    for (let repetition = 0; repetition < 2; repetition++) {
      for (let at = -1; at < window - 3; at++) {
        const [found, expected] = await Promise.all(
          passes.map(async ({ prefill, decode }) => (await (at < 0 ? prefill() : decode[at]!()))['logits']!)
        )
        expect(found!.dims).toEqual([2, at < 0 ? 3 : 1, words])
        for (const [place, score] of (found!.data as Float32Array).entries())
          expect(score).toBeCloseTo((expected!.data as Float32Array)[place]!, 5)
      }
    }
  })

  it('is measured by stage, and runs as a workload: layers, precisions and impacts of its first pass', async () => {
    const { files, events, runner } = await startStageRunner(runnerFile, rig.folder, model, 'merged one.onnx')
    expect(events.find(({ event }) => event === 'knobs')).toMatchObject({ stages: ['prefill', 'decode'] })
    runner.send({
      ...{ do: 'latency', id: 'one', knobs: { promptTokens: 4, batch: 2 }, outputTokens: 5, repetitions: 2 }
    })
    await runner.until((event) => (event.event === 'done' && event.id === 'one' ? event : undefined), 100_000)
    await runner.stop()
    const times = events.filter((event) => event.event === 'stages')
    expect(times.map(({ decodePerTokenMs }) => decodePerTokenMs?.length)).toEqual([5, 5])

    const tablesOf = async (file: string) => {
      const run = await rig.toEnd(
        rig.request({
          runner: { kind: 'onnx', model: file, dataset: files.dataset, task: 'perplexity', batch: 3 },
          ...{ phaseMs: 10, precisions: ['fp32', 'int8Dynamic'], ablations: ['zero'] }
        })
      )
      expect(run).toMatchObject({ state: 'done', message: null })
      return run.tables
    }
    const plainFile = path.join(rig.folder, 'plain.onnx')
    writeFileSync(plainFile, encodeOnnx(cachedModel))
    const [merged, plain] = [await tablesOf(files.model), await tablesOf(plainFile)]
    for (const [at, row] of plain.benchmark.entries())
      expect(merged.benchmark[at]!.quality.value).toBeCloseTo(row.quality.value!, 4)
    const impacts = (tables: typeof plain) =>
      new Map(tables.impacts.map((row) => [`${row.layer} ${row.change}`, row.klNats.value!]))
    const expected = impacts(plain)
    expect(expected.size).toBeGreaterThan(0)
    for (const [key, kl] of impacts(merged)) expect(kl).toBeCloseTo(expected.get(key)!, 4)
    expect(merged.layers.length).toBeGreaterThan(3)
  })
})

it('runs a network whose If is chosen by what it computes: branches read weights and layers around them', async () => {
  const tensor = (name: string, dims: number[], values: number[]) => ({
    ...{ name, dims },
    data: Float32Array.from(values)
  })
  const node = (
    name: string,
    inputs: string[],
    output: string,
    more: OnnxNode['attributes'] = {}
  ): OnnxNode => ({
    ...{ name: `/${output}/${name}`, opType: name, domain: '', inputs, outputs: [output], attributes: more }
  })
  const value = (name: string) => ({ name, elementType: 'float32' as const, dims: ['batch', 3] })
  const branch = (name: string, weights: string): OnnxAttribute => ({
    kind: 'graph',
    value: {
      ...{ name, inputs: [], outputs: [value(`${name}_out`)] },
      initializers: [{ name: `${name}_shape`, dims: [2], data: BigInt64Array.of(-1n, 3n) }],
      nodes: [
        node('MatMul', ['hidden', weights], `${name}_product`),
        node('Reshape', [`${name}_product`, `${name}_shape`], `${name}_out`)
      ]
    }
  })
  const file = path.join(rig.folder, 'branches.onnx')
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1]
  writeFileSync(
    file,
    encodeOnnx({
      ...{ name: 'branches', opset: 17, metadata: {}, inputs: [value('x')], outputs: [value('out')] },
      initializers: [
        tensor('first', [3, 3], [1, 0.5, 0, 0, 1, 0.5, 0.5, 0, 1]),
        ...[tensor('same', [3, 3], identity), tensor('turned', [3, 3], [...identity].reverse())],
        tensor('zero', [], [0])
      ],
      nodes: [
        node('MatMul', ['x', 'first'], 'hidden'),
        node('ReduceSum', ['hidden'], 'sum', { keepdims: { kind: 'int', value: 0 } }),
        node('Greater', ['sum', 'zero'], 'flag'),
        node('If', ['flag'], 'out', {
          then_branch: branch('then', 'same'),
          else_branch: branch('else', 'turned')
        })
      ]
    })
  )
  const dataset = path.join(rig.folder, 'branches.jsonl')
  const rows = Array.from({ length: 8 }, (_, at) => [at % 3, (at + 1) % 3, (at * 2) % 3])
  writeFileSync(
    dataset,
    rows.map((x) => `${JSON.stringify({ inputs: { x }, label: x.indexOf(Math.max(...x)) })}\n`).join('')
  )
  const run = await rig.toEnd(
    rig.request({
      runner: { kind: 'onnx', model: file, dataset, task: 'accuracy', batch: 4 },
      ...{ phaseMs: 10, precisions: ['fp32', 'int8Dynamic'], ablations: ['zero'] }
    })
  )
  expect(run).toMatchObject({ state: 'done', message: null })
  expect(run.tables.layers.map(({ layer }) => layer)).toContain('out')
  expect(run.tables.layers.every(({ timeUs }) => timeUs.value! > 0)).toBe(true)
  // All sums are above 0, so the first branch is taken: the scores are x first.
  const right = rows.filter((x) => {
    const scores = [x[0]! + 0.5 * x[2]!, 0.5 * x[0]! + x[1]!, 0.5 * x[1]! + x[2]!]
    return scores.indexOf(Math.max(...scores)) === x.indexOf(Math.max(...x))
  })
  expect(run.tables.benchmark[0]!.quality.value).toBeCloseTo(right.length / rows.length, 9)
})
