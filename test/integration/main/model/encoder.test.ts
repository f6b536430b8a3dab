import { readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { readsIndices, weightedLayerNames } from '@core/model/graph'
import { indexRowsOf } from '@core/model/indexRows'
import { importModel } from '@core/model/onnx/importOnnx'
import type { OnnxModel } from '@core/model/onnx/onnx'
import { argmax, codesOfPixels, runInteger } from '@core/quant/integer/runInteger'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { createImportedRunner, indexBytes } from '@core/quant/runImported'
import { uniformScheme } from '@core/quant/scheme'
import type { ItemSet } from '@core/dataset/itemSet'
import { fitItems, graphFor } from '@main/model/data/dataFit'
import { decodeSubset } from '@main/model/data/imageFiles'
import { decodeOnnx } from '@main/model/files/onnxFile'
import { openNetworkBoard } from '../../../unit/core/board/networkOnBoard'

interface Row {
  readonly part: string
  readonly inputs: { readonly ids: number[] }
  readonly label: number
}

const file = readFileSync('resources/workloads/gloss-classifier.onnx')
const imported = importModel(decodeOnnx(file))
const rows = readFileSync('resources/workloads/gloss-classifier.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row)
const test = rows.filter(({ part }) => part === 'test')
const bytesOf = (list: readonly Row[]): Uint8Array =>
  Uint8Array.from(list.flatMap(({ inputs }) => [...indexBytes(inputs.ids, indexRowsOf(imported.graph))]))
const calibration = (): Uint8Array => bytesOf(rows.filter(({ part }) => part !== 'test').slice(0, 8))

async function logitsOfOnnxruntime(list: readonly Row[]): Promise<Float32Array[]> {
  const session = await ort.InferenceSession.create(file)
  const found: Float32Array[] = []
  for (const { inputs } of list) {
    const ids = new ort.Tensor('int64', BigInt64Array.from(inputs.ids, BigInt), [1, inputs.ids.length])
    found.push((await session.run({ ids }))['logits']!.data as Float32Array)
  }
  await session.release()
  return found
}

describe('a DistilBERT-type classifier', () => {
  it('has the logits of onnxruntime, padded texts and full ones alike', async () => {
    const some = test.slice(0, 12)
    expect(
      new Set(some.map(({ inputs }) => inputs.ids.filter((id) => id === 0).length)).size
    ).toBeGreaterThan(4)
    const run = createImportedRunner(imported)
    for (const [at, wanted] of (await logitsOfOnnxruntime(some)).entries()) {
      const { values } = run(some[at]!.inputs.ids)
      for (const [k, value] of wanted.entries()) expect(values[k]).toBeCloseTo(value, 3)
    }
  })

  it('gives the same integers on host and board at mixed bits, near the float logits at 8', async () => {
    const { graph } = imported
    const names = weightedLayerNames(graph)
    const ranges = measureActivationRanges(graph, calibration())
    const onBoard = openNetworkBoard('high')
    const mixed = uniformScheme(names, 8, 8).map((entry, at) => ({
      ...entry,
      weightBits: ([8, 4, 2] as const)[at % 3]!,
      activationBits: at === 0 ? entry.activationBits : ([8, 4] as const)[at % 2]!
    }))
    const [wanted] = await logitsOfOnnxruntime(test.slice(0, 1))
    for (const scheme of [uniformScheme(names, 8, 8), mixed]) {
      const network = quantizeNetwork(ranges, scheme)
      const codes = codesOfPixels(bytesOf(test.slice(0, 1)))
      const expected = runInteger(network, codes)
      if (scheme !== mixed) {
        const { outScale } = network.layers.at(-1)!
        for (const [k, logit] of wanted!.entries())
          expect(Math.abs(expected[k]! * outScale - logit)).toBeLessThan(1)
      }
      expect([...onBoard(network, codes).subarray(0, network.outputCount)]).toEqual([...expected])
    }
  })

  it('reads items of token numbers as pairs of bytes, and refuses others', async () => {
    expect(readsIndices(imported.graph)).toBe(true)
    const ids = Float32Array.from([...test[0]!.inputs.ids, ...test[1]!.inputs.ids])
    const set = {
      name: 'glosses',
      task: 'classification',
      classes: 6,
      shape: [1, 1, 24],
      input: { scale: 5, zero: 128, folded: false },
      read: () => Promise.resolve({ bytes: new Uint8Array(48), reals: ids, labels: null })
    } as unknown as ItemSet
    const fitted = fitItems(imported.graph, set)
    expect(fitted.shape).toEqual([1, 1, 48])
    expect((await fitted.read('test', 0, 2)).bytes).toEqual(bytesOf(test.slice(0, 2)))
    expect(graphFor(imported.graph, set)).toMatchObject({ inputScale: 1, inputZero: 128 })
    expect(() => fitItems(imported.graph, { ...set, shape: [1, 1, 20] })).toThrow('24 whole numbers')
    for (const wrong of [1.5, -1, 65_536]) expect(() => indexBytes([wrong], [65_536])).toThrow('is no index')
  })
})

describe('files of tokens that are not read', () => {
  const read = (rowsOfTable: number, nodes: OnnxModel['nodes']): (() => unknown) => {
    const table = new Float32Array(rowsOfTable)
    const model: OnnxModel = {
      name: 'tokens',
      opset: 17,
      nodes,
      initializers: [
        { name: 'rows', dims: [rowsOfTable, 1], data: table },
        { name: 'pads', dims: [2], data: BigInt64Array.of(0n, 1n) }
      ],
      inputs: [{ name: 'ids', elementType: 'int64', dims: ['batch', 2] }],
      outputs: [{ name: 'y', elementType: 'float32', dims: null }],
      metadata: {}
    }
    return () => importModel(model)
  }
  const node = (opType: string, inputs: string[], outputs: string[]): OnnxModel['nodes'][number] => ({
    name: opType,
    opType,
    domain: '',
    inputs,
    outputs,
    attributes: {}
  })

  it('are refused with the reason: too many rows, a comparison with several numbers', () => {
    const gather = node('Gather', ['rows', 'ids'], ['y'])
    expect(read(1000, [gather])).not.toThrow()
    expect(read(70_000, [gather])).toThrow('one of 70000 rows')
    const compared = [
      node('Equal', ['ids', 'pads'], ['m']),
      node('Gather', ['rows', 'ids'], ['z']),
      node('Add', ['z', 'm'], ['y'])
    ]
    expect(read(1000, compared)).toThrow('compared with one constant')
  })
})

describe('the vision transformer', () => {
  const vit = importModel(decodeOnnx(readFileSync('resources/encoders/vit-tiny-fashion.onnx')))

  it('has the logits of onnxruntime and the accuracy of its card', async () => {
    const file = 'resources/models/fashion-subset.bin.gz'
    const { splits } = await decodeSubset(readFileSync(file), file)
    const { pixels, labels } = splits.get('test')!
    const card = JSON.parse(readFileSync('resources/encoders/vit-tiny-fashion.json', 'utf8')) as {
      testAccuracy: number
    }
    const session = await ort.InferenceSession.create('resources/encoders/vit-tiny-fashion.onnx')
    const run = createImportedRunner(vit)
    const items = 200
    const image = Float32Array.from(pixels.subarray(0, items * 784), (byte) => byte / 255)
    const wanted = (await session.run({ image: new ort.Tensor('float32', image, [items, 1, 28, 28]) }))[
      'logits'
    ]!.data as Float32Array
    let right = 0
    for (let at = 0; at < items; at++) {
      const logits = wanted.subarray(10 * at, 10 * at + 10)
      if (argmax(logits) === labels[at]) right++
      if (at >= 10) continue
      const { values } = run(image.subarray(784 * at, 784 * at + 784))
      for (const [k, logit] of logits.entries()) expect(values[k]).toBeCloseTo(logit, 3)
    }
    await session.release()
    // Three standard errors of 200 items.
    expect(Math.abs(right / items - card.testAccuracy)).toBeLessThan(0.08)
  })
})
