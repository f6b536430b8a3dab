import { readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { weightedLayerNames } from '@core/model/graph'
import { importModel, type ImportedModel } from '@core/model/onnx/importOnnx'
import { codesOfPixels, runInteger } from '@core/quant/integer/runInteger'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { createImportedRunner, graphInput } from '@core/quant/runImported'
import { uniformScheme } from '@core/quant/scheme'
import { decodeOnnx } from '@main/model/files/onnxFile'
import { openNetworkBoard } from '../../../unit/core/board/networkOnBoard'

/**
 * Exported by scripts/train/encoderFixtures.py with PyTorch, and by transformersFixtures.py from the package transformers with its
 * newer exporter: the mask looked up by GatherND and joined by And, softmax with NaN replaced.
 */
const styles = ['filled', 'added', 'chosen', 'distilbert', 'bert'] as const
const length = 10
const fileOf = (style: string): Buffer => readFileSync(`test/fixtures/encoders/${style}.onnx`)

/** Texts of 1 to 10 tokens: token numbers, mask and kinds of tokens. */
function texts(count: number): number[][][] {
  const random = createRandom(11)
  return Array.from({ length: count }, (_, text) => {
    const words = 1 + ((text * 3) % length)
    const list = (value: (at: number) => number): number[] => Array.from({ length }, (__, at) => value(at))
    return [
      list((at) => (at < words ? 1 + random.integer(399) : 0)),
      list((at) => (at < words ? 1 : 0)),
      list((at) => (at < words && at > words / 2 ? 1 : 0))
    ]
  })
}

async function logitsOfOnnxruntime(style: string, items: number[][][]): Promise<Float32Array[]> {
  const session = await ort.InferenceSession.create(fileOf(style))
  const found: Float32Array[] = []
  for (const item of items) {
    const feeds = Object.fromEntries(
      session.inputNames.map((name, at) => [
        name,
        new ort.Tensor('int64', BigInt64Array.from(item[at]!, BigInt), [1, length])
      ])
    )
    found.push((await session.run(feeds))['logits']!.data as Float32Array)
  }
  await session.release()
  return found
}

/** The inputs of an item one behind the other, as the importer reads them. */
const joined = ({ input }: ImportedModel, item: number[][]): number[] => item.flat().slice(0, input.dims[1])

describe.each(styles)('an encoder whose attention mask is an input: %s', (style) => {
  const imported = importModel(decodeOnnx(fileOf(style)))

  it('has the logits of onnxruntime for texts of every length', async () => {
    const items = texts(12)
    const run = createImportedRunner(imported)
    for (const [at, wanted] of (await logitsOfOnnxruntime(style, items)).entries()) {
      const { values } = run(joined(imported, items[at]!))
      for (const [k, value] of wanted.entries()) expect(values[k]).toBeCloseTo(value, 3)
    }
  })

  it('refuses numbers beyond its tables, which would be read as their last row', () => {
    const item = texts(1)[0]!
    const changed = (input: number, value: number): number[] =>
      joined(
        imported,
        item.map((list, at) => (at === input ? list.with(2, value) : list))
      )
    const read = (values: number[]) => () => graphInput(imported, values)
    expect(read(changed(0, 399))).not.toThrow()
    expect(read(changed(0, 400))).toThrow('Number 3 of an item is 400, where the network reads 0 to 399.')
    expect(read(changed(1, 5))).toThrow('Number 13 of an item is 5, where the network reads 0 or 1.')
    if (style === 'added' || style === 'bert')
      expect(read(changed(2, 2))).toThrow('Number 23 of an item is 2')
  })

  it('gives the same integers on host and board, near the float logits at 8 bits', async () => {
    const { graph } = imported
    const items = texts(16)
    const bytes = Uint8Array.from(items.flatMap((item) => [...graphInput(imported, joined(imported, item))]))
    const ranges = measureActivationRanges(graph, bytes)
    const codes = codesOfPixels(bytes).subarray(0, 3 * graph.inputShape[0]!)
    const wanted = await logitsOfOnnxruntime(style, items.slice(0, 3))
    const onBoard = openNetworkBoard('high')
    for (const bits of [8, 4] as const) {
      const network = quantizeNetwork(ranges, uniformScheme(weightedLayerNames(graph), bits, 8))
      const expected = runInteger(network, codes)
      if (bits === 8) {
        const { outScale } = network.layers.at(-1)!
        const all = wanted.flatMap((row) => [...row])
        const largest = Math.max(...all.map(Math.abs))
        for (const [k, logit] of all.entries())
          expect(Math.abs(expected[k]! * outScale - logit)).toBeLessThan(0.15 * largest)
      }
      const { outputCount } = network
      const outputs = onBoard(network, codes, 3)
      for (let item = 0; item < 3; item++) {
        // Behind the outputs of an item stands their argmax.
        const found = [...outputs.subarray(item * (outputCount + 1)).subarray(0, outputCount)]
        expect(found).toEqual([...expected.subarray(item * outputCount, (item + 1) * outputCount)])
      }
    }
  })
})
