import { AppError } from '../../../shared/errors'
import type { ImageSplit } from '../../../shared/vocabulary'
import type { ItemBatch, ItemSet } from '../../../core/dataset/itemSet'
import { toChannelsFirst } from '../../../core/dataset/prepare'
import { exportOnnx } from '../../../core/model/onnx/exportOnnx'
import { sizeOf, type Graph } from '../../../core/model/graph'
import { toHwc } from '../../../core/quant/hwcGraph'
import { openOrtSession, tensorReals, realTensor } from '../onnxruntime/ortSession'

/** The float network over real inputs, its session made when the first unknown batch comes. */
export interface FloatItems {
  /** Outputs of a batch that begins at item `from` of the split. */
  run(batch: ItemBatch, from: number): Promise<Float32Array>
  close(): Promise<void>
}

/** Outputs a worker remembers per set and split; a larger split is computed again for every scheme. */
const keptValues = 4e6
const kept = new WeakMap<ItemSet, Map<string, Float32Array>>()

/** Returns the float outputs of a split's items, kept where they are few. */
export async function openFloat(graph: Graph, set: ItemSet, split: ImageSplit): Promise<FloatItems> {
  const own = kept.get(set) ?? new Map<string, Float32Array>()
  kept.set(set, own)
  const width = sizeOf(graph.nodes[graph.output].outputShape)
  const isKept = set.count(split) * width <= keptValues
  let session: ReturnType<typeof openOrtSession> | undefined
  return {
    async run(batch, from) {
      const key = `${split}:${from}:${batch.count}`
      const known = own.get(key)
      if (known !== undefined) return known
      session ??= openOrtSession(exportOnnx(graph))
      const outputs = await runSession(await session, graph, batch)
      if (isKept) own.set(key, outputs)
      return outputs
    },
    async close() {
      await (await session)?.release()
    }
  }
}

async function runSession(
  session: Awaited<ReturnType<typeof openOrtSession>>,
  graph: Graph,
  { count, reals }: ItemBatch
): Promise<Float32Array> {
  const size = sizeOf(graph.inputShape)
  const input = new Float32Array(reals.length)
  if (graph.inputShape.length === 1) input.set(reals)
  else {
    const shape = toHwc(graph.inputShape)
    for (let from = 0; from < reals.length; from += size)
      toChannelsFirst(reals.subarray(from, from + size), shape, input.subarray(from, from + size))
  }
  const results = await session.run({
    [session.inputNames[0]]: realTensor(input, [count, ...graph.inputShape])
  })
  return tensorReals(results[session.outputNames[0]])
}

/** Checks that a split has items. @throws AppError data.missing when the split holds nothing */
export function requireItems(set: ItemSet, split: ImageSplit, total: number): void {
  if (total > 0) return
  throw new AppError(
    'data.missing',
    `Split "${split}" of "${set.name}" holds no items.`,
    'Add the set again with other --splits, or with more items.'
  )
}
