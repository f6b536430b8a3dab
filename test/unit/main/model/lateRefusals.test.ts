import { expect, it } from 'vitest'
import { importOnnx } from '@core/model/onnx/importOnnx'
import { weightedLayerNames, type Graph } from '@core/model/graph'
import { integerObstacles } from '@main/model/files/checkFile'
import { randomOnnx } from '../../../support/randomOnnx'

/** The graph, or null where the importer refuses the file by name. */
function imported(seed: number): Graph | null {
  try {
    return importOnnx(randomOnnx(seed))
  } catch {
    return null
  }
}

it('a network with weights that is imported can be quantized and planned', () => {
  const graphs = Array.from({ length: 120 }, (_, index) => imported(7000 + index)).filter(
    (graph): graph is Graph => graph !== null && weightedLayerNames(graph).length > 0
  )
  expect(graphs.length).toBeGreaterThan(30)
  expect(graphs.flatMap(integerObstacles)).toEqual([])
})
