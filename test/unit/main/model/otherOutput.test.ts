import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import onnxProto from 'onnx-proto'
import * as ort from 'onnxruntime-node'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { importModel } from '@core/model/onnx/importOnnx'
import { createImportedRunner } from '@core/quant/runImported'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { readModelFile } from '@main/model/files/readModelFile'
import { createModelBench } from '../../../support/modelBench'
import { halvesNetwork } from '../../../support/ownNetworks'

const { onnx } = onnxProto
const context = { signal: new AbortController().signal }
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench other output '))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** The network that tells halves apart, with two values on the way as further outputs; names as exporters write them. */
async function severalOutputs(): Promise<{ file: string; names: string[] }> {
  const model = exportOnnx(halvesNetwork())
  const flat = model.nodes.find(({ opType }) => opType === 'Flatten' || opType === 'Reshape')!
  const renamed = (name: string): string => (name === flat.outputs[0] ? '/fc/Flatten: 0' : name)
  const several = {
    ...model,
    nodes: model.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(renamed),
      outputs: node.outputs.map(renamed)
    })),
    outputs: [
      ...model.outputs,
      { name: flat.inputs[0]!, elementType: 'float32' as const, dims: [1, 4, 8, 8] },
      { name: '/fc/Flatten: 0', elementType: 'float32' as const, dims: [1, 256] }
    ]
  }
  const file = path.join(folder, 'halves net.onnx')
  await writeFile(file, encodeOnnx(several))
  return { file, names: several.outputs.map(({ name }) => name) }
}

function benchIn(data: string) {
  return createModelBench({ openedFile: path.join(data, 'models.json') })
}

it('an output that is chosen is a network of its own, with the numbers onnxruntime gives, and is remembered', async () => {
  const { file, names } = await severalOutputs()
  const data = path.join(folder, 'data')
  const { service } = benchIn(data)
  const { model } = await service.handlers['model.open']({ path: file }, context)
  expect(model.outputs).toEqual(names)
  expect(model.outputCount).toBe(2)
  const [, spatial, flat] = names
  const chosen = (await service.handlers['model.useOutput']({ modelId: model.id, output: flat! }, context))
    .model
  expect(chosen.outputs).toEqual([flat, names[0], spatial])
  expect(chosen.outputCount).toBe(256)
  expect(chosen.weightedLayers).toEqual(['mean'])
  expect(chosen.id).not.toBe(model.id)

  const pixels = Float32Array.from({ length: 3 * 64 }, () => createRandom(7).next())
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1 })
  const wanted = await session.run({
    [session.inputNames[0]!]: new ort.Tensor('float32', pixels, [1, 3, 8, 8])
  })
  const found = createImportedRunner(importModel((await readModelFile(chosen.path)).model))([...pixels])
  const values = Array.from(wanted[flat!]!.data as Float32Array)
  expect(found.values).toHaveLength(256)
  values.forEach((value, at) => expect(found.values[at]).toBeCloseTo(value, 5))
  // What onnxruntime makes of the file that was written is the same network, its outputs in another order.
  const rewritten = await ort.InferenceSession.create(chosen.path, { intraOpNumThreads: 1 })
  expect(rewritten.outputNames).toEqual(chosen.outputs)

  // From the network of one output to another, and back to the file itself.
  const other = (await service.handlers['model.useOutput']({ modelId: chosen.id, output: spatial! }, context))
    .model
  expect(other.outputs).toEqual([spatial, names[0], flat])
  const back = (await service.handlers['model.useOutput']({ modelId: other.id, output: names[0]! }, context))
    .model
  expect([back.id, back.path]).toEqual([model.id, file])

  const { models } = await benchIn(data).service.handlers['model.list']({}, context)
  expect(models.filter(({ shipped }) => !shipped).map(({ id }) => id)).toEqual([
    model.id,
    chosen.id,
    other.id
  ])
})

it('an output is chosen also where the file it came from has changed or gone', async () => {
  const { file, names } = await severalOutputs()
  const { service } = benchIn(path.join(folder, 'data'))
  const { id: modelId } = await service.open(file)
  const chosen = await service.useOutput(modelId, names[1]!)
  await rm(file)
  const other = await service.useOutput(chosen.id, names[2]!)
  expect(other.outputs).toEqual([names[2], names[1], names[0]])
  expect(other.outputCount).toBe(256)
})

it('weights kept beside the file go with it', async () => {
  const { file, names } = await severalOutputs()
  const proto = onnx.ModelProto.decode(await readFile(file))
  const weights = proto.graph!.initializer!.find(({ dims }) => dims!.length === 4)!
  const kept = path.join(folder, 'wei ghts')
  await mkdir(kept)
  await writeFile(path.join(kept, 'w.bin'), weights.rawData!)
  weights.rawData = new Uint8Array(0)
  weights.dataLocation = 1
  weights.externalData = [{ key: 'location', value: 'wei ghts/w.bin' }]
  await writeFile(file, onnx.ModelProto.encode(proto).finish())
  const { service } = benchIn(path.join(folder, 'data'))
  const { id } = await service.open(file)
  const chosen = await service.useOutput(id, names[2]!)
  await rm(kept, { recursive: true })
  expect((await readModelFile(chosen.path)).files).toHaveLength(2)
})

it('refuses an output that the network does not have, and any without a data folder', async () => {
  const { file } = await severalOutputs()
  const { service } = benchIn(path.join(folder, 'data'))
  const { id } = await service.open(file)
  await expect(service.useOutput(id, 'none')).rejects.toMatchObject({ code: 'input.notFound' })
  const { service: bare } = createModelBench()
  const opened = await bare.open(file)
  await expect(bare.useOutput(opened.id, opened.outputs![1]!)).rejects.toMatchObject({
    code: 'input.unsupported'
  })
})

it('says at once that the shipped images do not fit', async () => {
  const { file } = await severalOutputs()
  const { service } = benchIn(path.join(folder, 'data'))
  const { misfit } = await service.open(file)
  expect(misfit?.message).toBe(
    'The network reads 8 x 8 x 3, the shipped images (Fashion-MNIST) are 28 x 28 x 1.'
  )
  expect(misfit?.hint).toContain('bitbench dataset add')
  const lenet = (await service.handlers['model.list']({}, context)).models.find(
    ({ name }) => name === 'lenet5-fashion'
  )!
  expect((await service.info(lenet.id)).misfit).toBeUndefined()
})
