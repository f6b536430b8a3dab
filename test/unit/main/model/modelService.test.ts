import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import type { SchemeAccuracy } from '@shared/contract/model'
import type { ModelService } from '@main/model/modelService'
import { argmax } from '@core/quant/integer/runInteger'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { isWeighted } from '@core/quant/quantizedNetwork'
import { parseScheme, uniformScheme } from '@core/quant/scheme'
import { createModelBench } from '../../../support/modelBench'
import { halvesNetwork } from '../../../support/ownNetworks'

describe('model service', () => {
  const { service, run, jobs, emitted } = createModelBench()
  const context = { signal: new AbortController().signal }
  let modelId = ''
  let layers: string[] = []

  beforeAll(async () => {
    const { models, dataSet } = await service.handlers['model.list']({}, context)
    modelId = models.find(({ name }) => name === 'lenet5-fashion')!.id
    layers = (await service.layers(modelId)).map(({ name }) => name)
    expect(dataSet.splits.find(({ split }) => split === 'test')!.images).toBe(1000)
  })

  it('describes the shipped network and its card', async () => {
    const { model } = await service.handlers['model.info']({ modelId }, context)
    expect(model.weightedLayers).toEqual(['conv1', 'conv2', 'fc1', 'fc2', 'fc3'])
    expect(model.parameters).toBe(61_706)
    expect(model.card!.testAccuracy).toBeGreaterThanOrEqual(0.9)
    expect(model.shipped).toBe(true)
  })

  it('has the accuracy its card claims, keeps it at 8 bits, and loses some at 1 bit', async () => {
    const evaluate = (scheme: Parameters<ModelService['evaluate']>[1]): Promise<SchemeAccuracy> =>
      service.evaluate(modelId, scheme, 'test', 'ptq')
    const float = await evaluate(null)
    expect(float.images).toBe(1000)
    expect(float.accuracy).toBeGreaterThanOrEqual(0.89)
    const int8 = await evaluate(uniformScheme(layers, 8, 8))
    expect(Math.abs(int8.accuracy - float.accuracy)).toBeLessThan(0.01)
    const mixed = await evaluate(parseScheme('w8a8,w4a8,w4a4,w4a4,w8a8', layers))
    expect(float.accuracy - mixed.accuracy).toBeLessThan(0.015)
    const binary = await evaluate(uniformScheme(layers, 1, 1))
    expect(binary.accuracy).toBeLessThan(int8.accuracy - 0.05)
    expect(binary.accuracy).toBeGreaterThan(0.5)
  }, 300_000)

  it('answers a second question from memory', async () => {
    const before = run.mock.calls.length
    const again = await service.evaluate(modelId, uniformScheme(layers, 8, 8), 'test', 'ptq')
    expect(again.cached).toBe(true)
    expect(run.mock.calls.length).toBe(before)
    const { evaluations } = await service.handlers['model.evaluations']({ modelId }, context)
    expect(evaluations.length).toBeGreaterThanOrEqual(1)
  })

  it('gives deployment a network, inputs and the reference logits that go with them', async () => {
    const network = await service.quantize(modelId, uniformScheme(layers, 8, 8))
    await expect(service.quantize(modelId, uniformScheme(layers, 2, 8), 'grouped')).rejects.toThrow(
      'No kernel takes scales of groups'
    )
    const { codes, labels, images } = await service.testInputs(modelId, 60)
    const logits = await service.reference(network, codes, images)
    expect(logits.length).toBe(60 * 10)
    let correct = 0
    for (let image = 0; image < 60; image++) {
      if (argmax(logits.subarray(image * 10, image * 10 + 10)) === labels![image]) correct++
    }
    expect(correct).toBeGreaterThan(48)
  }, 300_000)

  it('gives the layers of a network that no data fits', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'no data '))
    const file = path.join(folder, 'halves.onnx')
    await writeFile(file, encodeOnnx(exportOnnx(halvesNetwork())))
    const { id, misfit } = await service.open(file)
    expect(misfit?.code).toBe('model.unsupportedShape')
    const own = uniformScheme(['mean', 'decide'], 4, 2)
    await expect(service.quantize(id, own)).rejects.toMatchObject({ code: 'model.unsupportedShape' })
    const { layers: integers } = await service.standIn(id, own)
    expect(integers.filter(isWeighted).map((layer) => [layer.op, layer.weights.length])).toEqual([
      ['conv2d', 4 * 27],
      ['dense', 2 * 256]
    ])
    await expect(service.standIn(id, uniformScheme(['other'], 8, 8))).rejects.toMatchObject({
      code: 'scheme.invalid'
    })
    await rm(folder, { recursive: true })
  }, 60_000)

  it('evaluates as a job that ends with an event', async () => {
    const scheme = [...uniformScheme(layers, 8, 8)]
    const { jobId } = await service.handlers['model.evaluate'](
      { modelId, scheme, split: 'test', method: 'ptq' },
      context
    )
    await jobs.idle()
    expect(jobs.list().find(({ id }) => id === jobId)!.state).toBe('done')
    expect(emitted.at(-1)!.event).toBe('model.evaluated')
  })

  it('refuses schemes of another network and unknown models', async () => {
    const wrong = service.evaluate(modelId, uniformScheme(['a'], 8, 8), 'test', 'ptq')
    await expect(wrong).rejects.toMatchObject({ code: 'scheme.invalid' })
    await expect(service.info('nothing')).rejects.toBeInstanceOf(AppError)
  })
})
