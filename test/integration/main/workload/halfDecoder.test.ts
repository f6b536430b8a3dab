import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { floatOfHalf } from '@core/binary/half'
import type { OnnxModel, OnnxNode } from '@core/model/onnx/onnx'
import { decodeForRewriting, encodeOnnx } from '@main/model/files/onnxFile'
import { readForRewriting } from '@main/model/files/readModelFile'
import { cachedRuns } from '@main/workload/runner/cachedRuns'
import { openSubject } from '@main/workload/runner/subject'
import { halfBits, inHalfPrecision } from '../../../support/halfNetwork'
import { bundleWorker } from '../../../support/workerFile'
import { cachedModel, heads, mergedModel, samples, size, window, words } from './cachedModel'
import { workloadRig, type WorkloadRig } from './workloadRig'

/** Decoders that are exported in half precision: weights, caches and scores are. */
let rig: WorkloadRig
beforeAll(async () => {
  rig = await workloadRig({ runnerFile: await bundleWorker('src/main/workloadRunner.ts') })
})
afterAll(() => rig.close())
vi.setConfig({ testTimeout: 240_000 })

const typed = (model: OnnxModel): OnnxModel => ({
  ...model,
  outputs: model.outputs.map((value) => ({ ...value, untyped: false }))
})
const models = { plain: typed(cachedModel), merged: typed(mergedModel((name) => name)) }
type Kind = keyof typeof models
const halfFile = (kind: Kind, type: 'float16' | 'bfloat16'): Uint8Array =>
  inHalfPrecision(encodeOnnx(models[kind]), type)

const whole = (values: readonly number[]): Tensor =>
  new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
const floatsOf = (tensor: Tensor | undefined): number[] =>
  // float16 comes as bits where JavaScript has no Float16Array.
  tensor!.data instanceof Uint16Array
    ? Array.from(tensor!.data, floatOfHalf)
    : Array.from(tensor!.data as Float32Array)

/** Files of a decoder and of its test set; the folder has a space in its name. */
function written(kind: Kind, type: 'float16' | 'bfloat16') {
  const [model, dataset] = [
    path.join(rig.folder, `${kind} ${type}.onnx`),
    path.join(rig.folder, `tokens.jsonl`)
  ]
  writeFileSync(model, halfFile(kind, type))
  writeFileSync(dataset, samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''))
  return { model, dataset }
}

const open = (kind: Kind, half: 'kept' | 'widened') => {
  const { model, dataset } = written(kind, 'float16')
  return openSubject({
    ...{ files: { read: readForRewriting, encode: encodeOnnx }, modelFile: model, dataFile: dataset },
    ...{ batch: 1, provider: 'cpu', threads: 1, samples: 10, half }
  })
}

describe.each(['plain', 'merged'] as const)('a %s decoder in float16', (kind) => {
  it('decodes from its cache what onnxruntime says of the file as it was written', async () => {
    const subject = await open(kind, 'kept')
    const { prefill, decode } = (await cachedRuns(subject, subject.cache!))!.prepare(1, 4, window - 4)
    const untouched = await InferenceSession.create(halfFile(kind, 'float16'))
    const empty = new Tensor('float16', new Uint16Array(0), [1, heads, 0, size])
    const flag = { use_cache_branch: new Tensor('bool', Uint8Array.of(0), [1]) }
    for (let tokens = 4; tokens <= window; tokens++) {
      const found = await (tokens === 4 ? prefill() : decode[tokens - 5]!())
      expect(found['logits']!.type).toBe('float16')
      const ids = samples[0]!.inputs.input_ids.slice(0, tokens)
      const expected = await untouched.run({
        ...{ input_ids: whole(ids), attention_mask: whole(ids.map(() => 1)) },
        ...{ position_ids: whole(ids.map((_, at) => at)), ...(kind === 'merged' ? flag : {}) },
        ...{ 'past_key_values.0.key': empty, 'past_key_values.0.value': empty }
      })
      const [last, reference] = [found, expected].map(({ logits }) => floatsOf(logits).slice(-words))
      // Scores up to about 8 have steps of 2^-7 in half precision.
      for (const [at, score] of last!.entries()) expect(Math.abs(score - reference![at]!)).toBeLessThan(0.02)
    }
  })

  it('is computed in float32 with the same weights where layers and precisions are measured', async () => {
    const subject = await open(kind, 'widened')
    expect(subject.file.isWidened).toBe(true)
    const session = await subject.open(subject.network.model)
    const found = floatsOf((await session.run(subject.testBatches[0]!))['logits'])
    const rounded = await InferenceSession.create(
      encodeOnnx({
        ...cachedModel,
        initializers: cachedModel.initializers.map((one) =>
          one.data instanceof Float32Array
            ? { ...one, data: one.data.map((value) => floatOfHalf(halfBits(value))) }
            : one
        )
      })
    )
    const ids = samples[0]!.inputs.input_ids
    const none = new Tensor('float32', new Float32Array(0), [1, heads, 0, size])
    const { logits } = await rounded.run({
      ...{ input_ids: whole(ids), attention_mask: whole(ids.map(() => 1)) },
      ...{ position_ids: whole(ids.map((_, at) => at)) },
      ...{ 'past_key_values.0.key': none, 'past_key_values.0.value': none }
    })
    const expected = floatsOf(logits)
    expect(found).toHaveLength(expected.length)
    for (const [at, score] of found.entries()) expect(score).toBeCloseTo(expected[at]!, 4)
  })
})

it.each(['float16', 'bfloat16'] as const)('runs as a workload in %s, with a note of it', async (type) => {
  const run = await rig.toEnd(
    rig.request({
      // More samples per pass than there are.
      runner: { kind: 'onnx', ...written('merged', type), task: 'perplexity', batch: 64 },
      ...{ phaseMs: 10, precisions: ['fp32', 'fp16', 'int8Dynamic'], ablations: ['zero'] }
    })
  )
  expect(run).toMatchObject({ state: 'done', message: null, subject: { batch: samples.length } })
  expect(run.steps.filter(({ state }) => state === 'failed')).toEqual([])
  expect(run.subject!.notes.join()).toContain('this file holds half precision')
  expect(run.tables.benchmark.map(({ precision }) => precision)).toEqual(['fp32', 'fp16', 'int8Dynamic'])
  expect(run.tables.layers.length).toBeGreaterThan(3)
  expect(run.tables.layers.every(({ timeUs }) => timeUs.value! > 0)).toBe(true)
})

it('keeps half precision as the file has it, in graphs inside operators too, where it is to be kept', () => {
  const model = decodeForRewriting(halfFile('merged', 'float16'))
  expect(model.isWidened).toBeUndefined()
  const again = decodeForRewriting(encodeOnnx(model))
  const caches = again.inputs.filter(({ name }) => name.startsWith('past'))
  expect(caches.map(({ half }) => half)).toEqual(['float16', 'float16'])
  const casts = ({ attributes }: OnnxNode): unknown[] =>
    Object.values(attributes).flatMap((one) =>
      one.kind === 'graph'
        ? one.value.nodes.flatMap((node) => (node.opType === 'Cast' ? casts(node) : []))
        : [one]
    )
  expect(again.nodes.flatMap(casts)).toEqual([10, 10].map((value) => ({ kind: 'int', value })))
  const widened = decodeForRewriting(halfFile('merged', 'float16'), undefined, 'widened')
  expect(widened.nodes.flatMap(casts)).toEqual([1, 1].map((value) => ({ kind: 'int', value })))
  expect(widened.inputs.some(({ half }) => half !== undefined)).toBe(false)
})
