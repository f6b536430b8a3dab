import { describe, expect, it } from 'vitest'
import path from 'node:path'
import { findGeneratedSet } from '@core/dataset/generated/generatedSets'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { importOnnx } from '@core/model/onnx/importOnnx'
import { networkPath } from '@main/cli/model/networkPath'
import { generatedSetOf, makeItems, openGeneratedItems } from '@main/model/data/generatedItems'
import { createImageLibrary } from '@main/model/data/imageLibrary'
import { readModelFile } from '@main/model/files/readModelFile'
import { resourcePath } from '@main/paths'

const modelsFolder = resourcePath('models')

describe('the data set a network names', () => {
  it('goes through the file; without one the shipped images remain', async () => {
    const lenet = importOnnx((await readModelFile(path.join(modelsFolder, 'lenet5-fashion.onnx'))).model)
    expect(generatedSetOf(lenet)).toBeNull()
    const named = importOnnx(exportOnnx({ ...lenet, dataSet: 'machine-hum' }))
    expect(generatedSetOf(named)?.name).toBe('machine-hum')
  })

  it('is refused with a remedy where this version has none of that name', () => {
    expect(() => generatedSetOf({ dataSet: 'imagenet' })).toThrowError(
      expect.objectContaining({ code: 'data.missing', hint: expect.stringContaining('--dataset') })
    )
  })
})

describe('items of a generated set', () => {
  it('take the labels of the shipped images they are made of, batch by batch', async () => {
    const set = findGeneratedSet('tinted-fashion')!
    const items = openGeneratedItems(set, modelsFolder)
    const { labels } = await createImageLibrary({ modelsFolder }).load('calibration')
    const batch = await items.read('calibration', 470, 64)
    expect(items.count('calibration')).toBe(480)
    expect(batch.count).toBe(10)
    expect([...batch.targets]).toEqual([...labels.subarray(470, 480)])
    expect(batch.bytes).toHaveLength(10 * 32 * 32 * 3)
    // A byte of a picture is p / 255.
    expect(batch.reals[5]).toBeCloseTo(batch.bytes[5]! / 255, 6)
  })

  it('a byte of sound means half a decibel in units of sixteen', () => {
    const set = findGeneratedSet('machine-hum')!
    const { bytes, targets } = makeItems(set, 'test', 2, null)
    expect([...targets]).toEqual([0, 1])
    expect(set.inputScale * (bytes[0]! - 128 + set.inputZero)).toBeCloseTo((bytes[0]! - 128) / 32, 12)
  })
})

describe('networkPath', () => {
  const cwd = '/nowhere'
  it.each([
    ['lenet5', 'lenet5-fashion'],
    ['lenet5-fashion', 'lenet5-fashion'],
    ['resnet-tiny', 'resnet-tiny-fashion']
  ])('%s is a shipped network', (given, name) => {
    expect(networkPath(cwd, given)).toBe(path.join(modelsFolder, `${name}.onnx`))
  })

  it.each(['lenet', 'lenet5.onnx', './lenet5', 'own/lenet5', '', 'README'])('%j stays a path', (given) => {
    expect(networkPath(cwd, given)).toBe(path.resolve(cwd, given))
  })
})
