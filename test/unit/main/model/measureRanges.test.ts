import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkModelFile } from '@main/model/files/checkFile'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { createImageLibrary } from '@main/model/data/imageLibrary'
import { readModelFile } from '@main/model/files/readModelFile'
import { resourcePath } from '@main/paths'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { importOnnx } from '@core/model/onnx/importOnnx'
import { isWeightedNode } from '@core/model/graph'
import { createFloatRunner, realsOfPixels } from '@core/quant/runFloat'
import { hwcWeights } from '@core/quant/hwcGraph'
import type { ModelRanges } from '@shared/contract/model/modelRanges'
import { createModelBench } from '../../../support/modelBench'
import { halvesNetwork } from '../../../support/ownNetworks'

const context = { signal: new AbortController().signal }

describe('value ranges of a model', () => {
  const { service, jobs, emitted } = createModelBench()
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench-ranges-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('are those of the float network over all calibration items, the weights first', async () => {
    const file = resourcePath('models/lenet5-fashion.onnx')
    const { id } = await service.open(file)
    expect((await service.handlers['model.ranges']({ modelId: id }, context)).ranges).toBeNull()
    await service.handlers['model.measureRanges']({ modelId: id }, context)
    await jobs.idle()
    const { ranges } = await service.handlers['model.ranges']({ modelId: id }, context)
    const reports = emitted.flatMap(({ event, payload }) =>
      event === 'model.rangesFound' ? [payload as ModelRanges] : []
    )
    expect(reports[0]!.activations).toEqual([])
    expect(reports.length).toBeGreaterThan(2)
    expect(reports.at(-1)).toEqual(ranges)

    // The same values of the first two nodes by the plain float loops.
    const graph = importOnnx((await readModelFile(file)).model)
    const first = { ...graph, nodes: graph.nodes.slice(0, 2), output: 1 }
    const images = await createImageLibrary({ modelsFolder: resourcePath('models') }).load('calibration')
    expect(ranges).toMatchObject({ items: images.count, total: images.count, dataSet: 'Fashion-MNIST' })
    const runner = createFloatRunner(first, hwcWeights(first))
    const least = first.nodes.map(() => Infinity)
    const largest = first.nodes.map(() => -Infinity)
    const size = images.pixels.length / images.count
    for (let at = 0; at < images.count; at++) {
      const found = runner.run(realsOfPixels(graph, images.pixels.subarray(at * size, (at + 1) * size)))
      for (const [index, values] of found.entries()) {
        for (const value of values) {
          least[index] = Math.min(least[index]!, value)
          largest[index] = Math.max(largest[index]!, value)
        }
      }
    }
    for (const [index, node] of graph.nodes.entries()) {
      const range = ranges!.activations.find(({ layer }) => layer === node.name)!
      if (index < first.nodes.length) {
        expect(range.least).toBeCloseTo(least[index]!, 3)
        expect(range.largest).toBeCloseTo(largest[index]!, 3)
      }
      expect(range.counts.reduce((sum, count) => sum + count, 0)).toBe(range.values)
      const elements = node.outputShape.reduce((product, side) => product * side, 1)
      expect(range.values + range.notFinite).toBe(images.count * elements)
      if (!isWeightedNode(node)) continue
      const weights = ranges!.weights.find(({ layer }) => layer === node.name)!
      expect(weights.values).toBe(node.weights.length)
      expect(weights.least).toBe(Math.min(...node.weights))
      expect(weights.largest).toBe(Math.max(...node.weights))
    }
  }, 300_000)

  it('reports the weights where no items fit, and fails with the reason', async () => {
    const file = path.join(folder, 'halves.onnx')
    await writeFile(file, encodeOnnx(exportOnnx(halvesNetwork())))
    const unfit = createModelBench()
    const { id } = await unfit.service.open(file)
    const { jobId } = await unfit.service.handlers['model.measureRanges']({ modelId: id }, context)
    await unfit.jobs.idle()
    const job = unfit.jobs.list().find((one) => one.id === jobId)!
    expect(job).toMatchObject({ state: 'failed', error: { code: 'model.unsupportedShape' } })
    const { ranges } = await unfit.service.handlers['model.ranges']({ modelId: id }, context)
    expect(ranges!.activations).toEqual([])
    const weights = ranges!.weights.find(({ layer }) => layer === 'decide')!
    // 512 weights of 1/32 and -1/32, half each.
    expect(weights).toMatchObject({ values: 512, zeros: 0, least: -1 / 32, largest: 1 / 32 })
    expect([weights.counts[0], weights.counts.at(-1)]).toEqual([256, 256])
  })

  it('finds the obstacles that "model check" finds', async () => {
    const file = path.join(folder, 'no network.onnx')
    await writeFile(file, 'not ONNX')
    const { check } = await service.handlers['model.check']({ path: file }, context)
    expect(check).toEqual(await checkModelFile(file))
    expect(check).toMatchObject({ readable: false, deployable: false })
    expect(check.obstacles[0]!.hint).not.toBe('')
    const [conv, ...rest] = exportOnnx(halvesNetwork()).nodes
    const renamed = {
      ...exportOnnx(halvesNetwork()),
      nodes: [{ ...conv!, opType: 'NonMaxSuppression' }, ...rest]
    }
    const unknown = path.join(folder, 'unknown.onnx')
    await writeFile(unknown, encodeOnnx(renamed))
    const second = (await service.handlers['model.check']({ path: unknown }, context)).check
    expect(second.obstacles[0]).toMatchObject({ node: conv!.name, operator: 'NonMaxSuppression' })
    await expect(
      service.handlers['model.check']({ path: path.join(folder, 'absent.onnx') }, context)
    ).rejects.toMatchObject({ code: 'input.notFound' })
  })
})
