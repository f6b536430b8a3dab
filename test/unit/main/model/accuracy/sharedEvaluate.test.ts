import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readValue, writeValue } from '@core/worker/valueJson'
import { sharedEvaluate } from '@main/model/accuracy/sharedEvaluate'
import type { EvaluateInput, Judged } from '@main/model/modelTasks'
import { resourcePath } from '@main/paths'
import { base64 } from '@main/worker/queue/queueJob'

const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-shared-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const modelsFolder = resourcePath('models')
const scheme = [{ layer: 'conv1', weightBits: 4, activationBits: 8 }] as const
const input: EvaluateInput = {
  file: path.join(modelsFolder, 'lenet5-fashion.onnx'),
  modelsFolder,
  scheme,
  split: 'search',
  method: 'ptq'
}
const there = { network: '/there/network', items: '/there/items' }

describe('an evaluation that travels', () => {
  it('names the network alike everywhere and takes the shipped images along', async () => {
    const packed = (await sharedEvaluate.pack(input))!
    expect(packed.perHost).toBe(false)
    expect(packed.folders).toEqual({
      network: [{ name: 'network.onnx', path: input.file }],
      items: [{ name: 'fashion-subset.bin.gz', path: path.join(modelsFolder, 'fashion-subset.bin.gz') }]
    })
    expect(JSON.stringify(packed.settings)).not.toContain(modelsFolder)
    const settings = readValue(writeValue(packed.settings, base64), base64)
    expect(sharedEvaluate.unpack(settings, there)).toEqual({
      file: '/there/network/network.onnx',
      modelsFolder: '/there/items',
      dataSetFolder: null,
      scheme,
      split: 'search',
      method: 'ptq'
    })
  })

  it('takes along which content the network has to have', async () => {
    const packed = (await sharedEvaluate.pack({ ...input, modelId: '0123456789abcdef' }))!
    const settings = readValue(writeValue(packed.settings, base64), base64)
    expect(sharedEvaluate.unpack(settings, there)).toMatchObject({ modelId: '0123456789abcdef' })
  })

  it('takes a data set along without the names of its items', async () => {
    for (const name of ['set.json', 'items.bin', 'targets.bin', 'order.bin', 'names.txt'])
      writeFileSync(path.join(folder, name), name)
    const packed = (await sharedEvaluate.pack({ ...input, dataSetFolder: folder }))!
    expect(packed.folders['items']!.map(({ name }) => name)).toEqual([
      'set.json',
      'items.bin',
      'targets.bin',
      'order.bin'
    ])
    expect(sharedEvaluate.unpack(packed.settings, there)).toMatchObject({ dataSetFolder: '/there/items' })
  })

  it('stays here with the full test set, and on its host where it trains', async () => {
    expect(await sharedEvaluate.pack({ ...input, split: 'fullTest' })).toBeNull()
    expect((await sharedEvaluate.pack({ ...input, method: 'retrain' }))!.perHost).toBe(true)
    expect((await sharedEvaluate.pack({ ...input, method: 'distill' }))!.perHost).toBe(true)
    expect((await sharedEvaluate.pack({ ...input, method: 'reconstruct' }))!.perHost).toBe(false)
    expect((await sharedEvaluate.pack({ ...input, method: 'retrain', scheme: null }))!.perHost).toBe(false)
  })

  it('gives results back as they were and refuses what is none', () => {
    const judged: Judged = {
      images: 3,
      correct: null,
      accuracy: 0.5,
      metrics: { rmse: NaN },
      right: new Uint8Array([1, 0, 1]),
      kl: Infinity,
      crossEntropy: 0.1,
      mse: 0,
      fittedOn: { items: 1, available: 2 },
      durationMs: 1.5
    }
    const back = readValue(writeValue(judged, base64), base64)
    expect(sharedEvaluate.readOutput(back)).toEqual(judged)
    for (const wrong of [null, {}, { ...judged, right: 'x' }, { ...judged, kl: null }])
      expect(() => sharedEvaluate.readOutput(wrong)).toThrow()
  })

  it('refuses settings that no copy of Bitbench wrote', () => {
    for (const wrong of [
      null,
      {},
      { file: '../../etc/passwd', hasDataSet: false, scheme: null, split: 'search', method: 'ptq' }
    ])
      expect(() => sharedEvaluate.unpack(wrong, there)).toThrow()
  })
})
