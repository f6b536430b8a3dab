import { isWeightedNode, sizeOf } from '../../core/model/graph'
import { importOnnx } from '../../core/model/onnx/importOnnx'
import { spreadOf, type ValueSpread } from '../../core/math/valueSpread'
import { probeFloats, runFit } from '../../core/quant/quantize/fitEngine'
import { realsOfPixels } from '../../core/quant/runFloat'
import type { ModelCheck } from '../../shared/contract/model'
import type { TaskContext } from '../threads/task'
import { checkModelFile } from './files/checkFile'
import { openBench, type BenchSource } from './modelWorkspace'
import { createOrtFitEngine } from './onnxruntime/ortFitEngine'
import { readModelFile } from './files/readModelFile'

/** Distribution of one layer's weights or outputs. */
export interface LayerSpread {
  readonly layer: string
  readonly spread: ValueSpread
}

/** Distributions of the outputs of all nodes over some items. */
export interface OutputSpreads {
  readonly outputs: readonly LayerSpread[]
  readonly items: number
  /** Items that fitting takes of the calibration split. */
  readonly total: number
}

/** Bytes of float values that are held at once. */
const batchBytes = 64 * 2 ** 20

/** What the page of a model shows of a file; runs in worker threads (modelTasks.ts). */
export const rangeTasks = {
  'model.check': ({ file }: { file: string }): Promise<ModelCheck> => checkModelFile(file),

  'model.weightSpreads': async ({ file }: { file: string }): Promise<LayerSpread[]> => {
    const graph = importOnnx((await readModelFile(file)).model)
    return graph.nodes
      .filter(isWeightedNode)
      .map(({ name, weights }) => ({ layer: name, spread: spreadOf(weights) }))
  },

  /** Outputs of all nodes over at most `count` calibration items from item `from` on. */
  'model.outputSpreads': async (
    { from, count, ...source }: BenchSource & { from: number; count: number },
    context: TaskContext
  ): Promise<OutputSpreads> => {
    const { graph, library } = await openBench(source)
    const { pixels, count: total } = await library.load('calibration')
    const bytesPerItem = 4 * graph.nodes.reduce((sum, node) => sum + sizeOf(node.outputShape), 0)
    const items = Math.min(count, total - from, Math.max(1, Math.floor(batchBytes / bytesPerItem)))
    const size = sizeOf(graph.inputShape)
    const input = realsOfPixels(graph, pixels.subarray(from * size, (from + items) * size))
    const probe = { graph, wanted: { outputs: [...graph.nodes.keys()], sums: [] } }
    const found = await runFit(probeFloats(probe, input, items), createOrtFitEngine())
    await context.yieldToAbort()
    const outputs = found.outputs.map(({ values }, at) => ({
      layer: graph.nodes[at].name,
      spread: spreadOf(values)
    }))
    return { outputs, items, total }
  }
}
