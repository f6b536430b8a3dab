import { expect, it } from 'vitest'
import { weightedLayerNames } from '@core/model/graph'
import { standInNetwork } from '@core/quant/quantize/standInNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { standInModels } from '@main/costs/standInModels'
import { plainNetwork } from '../../../support/smallNetworks'

it('runs a network without data on the same noise every time', async () => {
  const graph = plainNetwork()
  const scheme = uniformScheme(weightedLayerNames(graph), 8, 8)
  const models = standInModels({
    graph: async () => graph,
    standIn: async (_modelId: string, wanted: typeof scheme) => standInNetwork(graph, wanted),
    name: async () => 'net'
  })
  expect(await models.name()).toBe('net')
  expect(await models.quantize('m', scheme)).toEqual(standInNetwork(graph, scheme))
  const size = graph.inputShape.reduce((product, side) => product * side, 1)
  const { codes, labels, images } = await models.testInputs('m', 3)
  expect([codes.length, labels, images]).toEqual([3 * size, null, 3])
  expect(Math.min(...codes)).toBeLessThan(-120)
  expect(Math.max(...codes)).toBeGreaterThan(120)
  expect((await models.testInputs('m', 3)).codes).toEqual(codes)
})
