import type { Task } from '@shared/vocabulary'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataSetRequestSchema } from '@shared/contract/dataset'
import { createRandom } from '@core/math/random'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { weightedLayerNames, type Graph } from '@core/model/graph'
import { argmax, codesOfPixels } from '@core/quant/integer/runInteger'
import { uniformScheme } from '@core/quant/scheme'
import { datasetTasks } from '@main/dataset/datasetTasks'
import { fittedOnText } from '@main/cli/model/ownData'
import { requireFit } from '@main/model/data/requireFit'
import { modelTasks, type Judged } from '@main/model/modelTasks'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { resourcePath } from '@main/paths'
import { npyBytes } from '../../../../support/npyBytes'
import { linearNetwork, pictureNetwork, vectorNetwork } from '../../../../support/ownNetworks'

const fixtures = fileURLToPath(new URL('../../../../fixtures/datasets', import.meta.url))
const context = {
  signal: new AbortController().signal,
  progress: () => undefined,
  yieldToAbort: async () => undefined
}
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench-own-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(file: string, options: Record<string, unknown> = {}): Promise<string> {
  const target = await mkdtemp(path.join(folder, 'set-'))
  const request = dataSetRequestSchema.parse({
    path: path.resolve(fixtures, file),
    name: path.basename(target),
    ...options
  })
  await datasetTasks['dataset.read']({ request, folder: target, createdAtMs: 0 }, context)
  return target
}

/** An NPY of seeded numbers. */
async function arrays(name: string, shape: readonly number[], descr: '|u1' | '<f4' | '|i1'): Promise<string> {
  const random = createRandom(5)
  const count = shape.reduce((product, side) => product * side, 1)
  const values = Array.from({ length: count }, () => random.normal())
  const body =
    descr === '<f4'
      ? new Uint8Array(Float32Array.from(values).buffer)
      : Uint8Array.from(values, (value) => Math.round(128 + 40 * value) - (descr === '|i1' ? 128 : 0))
  const file = path.join(folder, `${name}.npy`)
  await writeFile(file, npyBytes(descr, shape, body))
  return file
}

async function sourceOf(graph: Graph, dataSetFolder: string) {
  const file = path.join(folder, `${path.basename(dataSetFolder)}.onnx`)
  await writeFile(file, encodeOnnx(exportOnnx(graph)))
  return { file, modelsFolder: resourcePath('models'), dataSetFolder }
}

async function judge(graph: Graph, set: string, bits: 8 | 4 | null): Promise<Judged> {
  const scheme = bits === null ? null : uniformScheme(weightedLayerNames(graph), bits, bits)
  return modelTasks['model.evaluate'](
    { ...(await sourceOf(graph, set)), scheme, split: 'test', method: 'ptq' },
    context
  )
}

describe('a data set that is chosen for a network', () => {
  it('is refused at once where its items or classes do not fit', async () => {
    const set = await read(await arrays('to-choose', [60, 14, 14], '|u1'))
    await expect(requireFit(pictureNetwork(1, 14, 4), set)).resolves.toBeUndefined()
    await expect(requireFit(pictureNetwork(3, 32, 4), set)).rejects.toMatchObject({
      code: 'model.unsupportedShape'
    })
  })
})

describe('items of any shape and kind', () => {
  it.each([
    ['14 x 14 x 1 bytes', [60, 14, 14], '|u1', pictureNetwork(1, 14, 4), {}],
    [
      '3 x 32 x 32 floats, channels first',
      [40, 3, 32, 32],
      '<f4',
      pictureNetwork(3, 32, 4),
      { preparation: { layout: 'chw' } }
    ],
    ['640 signed bytes', [60, 640], '|i1', vectorNetwork(640, 16, 8), {}],
    [
      '32 x 32 x 3 bytes, normalised per channel',
      [40, 32, 32, 3],
      '|u1',
      pictureNetwork(3, 32, 4),
      {
        preparation: {
          normalise: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
        }
      }
    ]
  ] as const)(
    '%s agree with the float network at 8 bits and give what deployment needs',
    async (name, shape, descr, graph, options) => {
      const set = await read(
        await arrays(name.replaceAll(' ', '-').replaceAll(',', ''), shape, descr),
        options
      )
      const float = await judge(graph, set, null)
      expect(float).toMatchObject({ images: shape[0] / 2, accuracy: 1 })
      const int8 = await judge(graph, set, 8)
      expect(int8.accuracy).toBeGreaterThanOrEqual(0.9)
      expect(int8.metrics['kl']).toBeLessThan(0.01)
      const source = await sourceOf(graph, set)
      const scheme = uniformScheme(weightedLayerNames(graph), 8, 8)
      const network = await modelTasks['model.quantize']({ ...source, scheme, method: 'ptq' }, context)
      const inputs = await modelTasks['model.inputs']({ ...source, images: 10 }, context)
      const logits = await modelTasks['model.reference'](
        { network, codes: codesOfPixels(inputs.bytes) },
        context
      )
      const width = network.outputCount
      const agreeing = [...inputs.labels!].filter(
        (label, at) => argmax(logits.subarray(at * width, (at + 1) * width)) === label
      )
      expect(agreeing.length).toBeGreaterThanOrEqual(9)
    }
  )

  it('of which more are kept for calibration than fitting takes: the result says how many of how many', async () => {
    const set = await read(await arrays('many', [6000, 8], '|u1'))
    const graph = vectorNetwork(8, 4, 2)
    expect((await judge(graph, set, null)).fittedOn).toBeNull()
    const { fittedOn } = await judge(graph, set, 8)
    // A tenth of the items is for calibration.
    expect(fittedOn).toEqual({ items: 512, available: 600 })
    expect(fittedOnText(fittedOn, 'ptq')).toBe(', fitted on 512 of 600 calibration items')
    expect(fittedOnText({ items: 600, available: 600 }, 'ptq')).toBe('')
  })

  it('with targets are judged by R², as exact as floats are', async () => {
    const set = await read('table.csv', { targetColumns: ['amount'], ignoreColumns: ['kind'] })
    const float = await judge(linearNetwork(), set, null)
    expect(float.accuracy).toBeGreaterThan(0.999_999)
    const int8 = await judge(linearNetwork(), set, 8)
    expect(int8.correct).toBeNull()
    expect(int8.accuracy).toBeGreaterThan(0.999)
    expect(int8.accuracy).toBeLessThan(1)
  })

  it('of text are judged by perplexity', async () => {
    const set = await read('text.txt', {
      context: 16,
      preparation: { normalise: { scale: 1 / 255, mean: [0], std: [1] } }
    })
    const { metrics, accuracy } = await judge(vectorNetwork(16, 8, 256), set, null)
    // An untrained network knows nothing: about as many choices as there are bytes.
    expect(metrics['perplexity']).toBeGreaterThan(100)
    expect(accuracy).toBeCloseTo(1 / metrics['perplexity']!, 9)
  })

  it('of machines are judged by the AUC of their reconstruction', async () => {
    const set = await read('arrays.npz', { task: 'reconstruction' satisfies Task })
    const graph = vectorNetwork(192, 8, 192)
    const { metrics } = await judge(graph, set, 8)
    expect(metrics['auc']).toBeGreaterThanOrEqual(0)
    expect(metrics['auc']).toBeLessThanOrEqual(1)
    expect(metrics['mse']).toBeGreaterThan(0)
  })

  it('that have other classes than the network has outputs are refused; so is the shipped set', async () => {
    const set = await read('idx')
    await expect(judge(pictureNetwork(1, 8, 1), set, null)).rejects.toMatchObject({
      code: 'model.unsupportedShape'
    })
    const graph = pictureNetwork(1, 28, 1)
    const source = { ...(await sourceOf(graph, set)), dataSetFolder: null }
    await expect(
      modelTasks['model.evaluate']({ ...source, scheme: null, split: 'test', method: 'ptq' }, context)
    ).rejects.toMatchObject({
      code: 'model.unsupportedShape',
      message: expect.stringContaining('1 number ') as string
    })
  })
})
