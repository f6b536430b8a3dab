import { describe, expect, it } from 'vitest'
import { importOnnx } from '@core/model/onnx/importOnnx'
import { macsOf, parametersOf, weightedNodes, type WeightedNode } from '@core/model/graph'
import { findGeneratedSet } from '@core/dataset/generated/generatedSets'
import { readModelFile } from '@main/model/files/readModelFile'
import { createModelFiles, describeModel } from '@main/model/files/modelFiles'
import { resourcePath } from '@main/paths'
import { tinyReferences } from '../../../../bench/tiny/reference'

const fileOf = (name: string): string => resourcePath('models', `${name}.onnx`)
const graphOf = async (name: string) => importOnnx((await readModelFile(fileOf(name))).model)

function layerText(node: WeightedNode): string {
  if (node.op === 'dense') return `dense ${node.outputShape[0]}`
  return `${node.op} ${node.outputShape.join('x')} k${node.kernel} s${node.stride} p${node.pad}`
}

describe('the networks of MLPerf Tiny', () => {
  it.each(tinyReferences)(
    '$file has the layers, parameters and MACs that MLCommons publishes',
    async (reference) => {
      const graph = await graphOf(reference.file)
      // The two branches of a residual block have no order.
      expect(weightedNodes(graph).map(layerText).sort()).toEqual([...reference.layers].sort())
      expect(graph.nodes.reduce((sum, node) => sum + parametersOf(node), 0)).toBe(reference.parameters)
      expect(graph.nodes.reduce((sum, node) => sum + macsOf(graph, node), 0)).toBe(reference.macs)
    }
  )
})

describe('networks with a generated data set', () => {
  it.each(tinyReferences)(
    '$file names its set, fits it and says on its card what it is',
    async ({ file }) => {
      const files = createModelFiles({ modelsFolder: resourcePath('models'), openedFile: null })
      const info = describeModel(await files.open(fileOf(file)))
      const set = findGeneratedSet((await graphOf(file)).dataSet!)!
      expect(info.ownData).toMatchObject({ name: set.name, about: set.about })
      const size = set.shape.reduce((product, side) => product * side, 1)
      expect(info.inputShape.reduce((product, side) => product * side, 1)).toBe(size)
      expect(info.outputCount).toBe(set.task === 'reconstruction' ? size : set.classNames.length)
      expect(info.card!.dataset).toBe(`${set.name}: ${set.about}`)
      expect(info.card!.metric).toBe(set.task === 'reconstruction' ? 'AUC' : undefined)
      // Chance would be 1 / classes, or an AUC of 0.5.
      expect(info.card!.testAccuracy).toBeGreaterThan(0.6)
    }
  )
})
