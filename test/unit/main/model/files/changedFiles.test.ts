import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataSetRequestSchema } from '@shared/contract/dataset'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import type { Graph } from '@core/model/graph'
import { datasetTasks } from '@main/dataset/datasetTasks'
import type { LoadedModel } from '@main/model/files/modelFiles'
import { modelTasks, type Judged } from '@main/model/modelTasks'
import { openBench } from '@main/model/modelWorkspace'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { createSchemeEvaluations } from '@main/model/accuracy/schemeEvaluations'
import { resourcePath } from '@main/paths'
import { vectorNetwork } from '../../../../support/ownNetworks'

const context = {
  signal: new AbortController().signal,
  progress: () => undefined,
  yieldToAbort: async () => undefined
}
const modelsFolder = resourcePath('models')
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench-changed-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A vector network of four inputs and three classes. */
const network = (): Graph => vectorNetwork(4, 6, 3)

/** The same with its weights turned round: another network of the same shapes. */
function reversed(): Graph {
  const graph = network()
  const nodes = graph.nodes.map((node) =>
    node.op === 'dense' ? { ...node, weights: node.weights.map((weight) => -weight) } : node
  )
  return { ...graph, nodes }
}

/** A stored set of so many rows of four numbers. */
async function storeSet(target: string, rows: number): Promise<void> {
  const table = path.join(folder, 'rows.csv')
  const lines = Array.from({ length: rows }, (_, row) => `${row},${row % 7},${row % 5},${row % 3},${row % 3}`)
  await writeFile(table, ['a,b,c,d,class', ...lines].join('\n') + '\n')
  const made = await mkdtemp(path.join(folder, 'set-'))
  const request = dataSetRequestSchema.parse({ path: table, name: 'own' })
  await datasetTasks['dataset.read']({ request, folder: made, createdAtMs: 0 }, context)
  await rename(made, target)
}

const float = { scheme: null, split: 'test', method: 'ptq' } as const

describe('what a worker keeps of a network', () => {
  it('is made again when its file holds another one, which is not taken for the first', async () => {
    const file = path.join(folder, 'network.onnx')
    await writeFile(file, encodeOnnx(exportOnnx(network())))
    const source = { file, modelsFolder, dataSetFolder: path.join(folder, 'first') }
    await storeSet(source.dataSetFolder, 60)
    const first = await openBench(source)
    expect(await openBench({ ...source, modelId: first.modelId })).toBe(first)
    await writeFile(file, encodeOnnx(exportOnnx(reversed())))
    await expect(
      modelTasks['model.evaluate']({ ...source, ...float, modelId: first.modelId }, context)
    ).rejects.toMatchObject({ code: 'input.notFound' })
    const second = await openBench(source)
    expect(second.modelId).not.toBe(first.modelId)
    expect(second.graph.nodes).not.toEqual(first.graph.nodes)
  })

  it('is made again when a data set was removed and added under its name', async () => {
    const file = path.join(folder, 'other.onnx')
    await writeFile(file, encodeOnnx(exportOnnx(network())))
    const source = { file, modelsFolder, dataSetFolder: path.join(folder, 'own') }
    await storeSet(source.dataSetFolder, 60)
    const before = await modelTasks['model.evaluate']({ ...source, ...float }, context)
    await rm(source.dataSetFolder, { recursive: true })
    await storeSet(source.dataSetFolder, 80)
    const after = await modelTasks['model.evaluate']({ ...source, ...float }, context)
    expect(after.images).toBeGreaterThan(before.images)
  })
})

it('an evaluation in memory is that of one content of a data set, not of its name', async () => {
  const judged: Judged = {
    ...{ images: 2, correct: 1, accuracy: 0.5, metrics: {}, right: Uint8Array.of(1, 0) },
    ...{ kl: 0, crossEntropy: 1, mse: 0, fittedOn: null, durationMs: 1 }
  }
  let runs = 0
  let id = 'first'
  const evaluations = createSchemeEvaluations({
    tasks: {
      run: (async () => ({ ...judged, accuracy: ++runs / 10 })) as never,
      close: async () => undefined
    },
    results: undefined,
    sourceOf: async () => ({
      dataSet: { id, name: 'own' },
      source: { file: 'f', modelsFolder, dataSetFolder: 'own' },
      items: async () => null
    }),
    nowMs: () => 0
  })
  const model = { summary: { id: 'm' }, graph: network() } as LoadedModel
  const accuracy = async (): Promise<number> =>
    (await evaluations.measured(model, null, 'test', 'ptq', undefined)).evaluation.accuracy
  expect([await accuracy(), await accuracy()]).toEqual([0.1, 0.1])
  id = 'second'
  expect([await accuracy(), await accuracy()]).toEqual([0.2, 0.2])
})
