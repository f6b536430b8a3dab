import { AppError } from '../../../shared/errors'
import type { ImageSplit } from '../../../shared/vocabulary'
import type { ItemBatch, ItemSet } from '../../../core/dataset/itemSet'
import { toChannelsFirst } from '../../../core/dataset/prepare'
import { exportOnnx } from '../../../core/model/onnx/exportOnnx'
import { sizeOf, type Graph } from '../../../core/model/graph'
import { toHwc } from '../../../core/quant/hwcGraph'
import { requireNumbers } from './requireNumbers'
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
      requireNumbers(outputs, batch.count, from, `split "${split}" of "${set.name}"`)
      if (isKept) own.set(key, outputs)
      return outputs
    },
    async close() {
      await (await session)?.release()
    }
  }
}

/** Bytes that the widest node reads and writes over all items of one run; the runtime holds a few times as many. */
const runBytes = 16 * 2 ** 20

/** Where the runs over so many items end. None has a single item beside others: a product with one row is rounded in another order. */
export function runEnds(graph: Graph, count: number): number[] {
  const floatsOf = (from: number): number =>
    sizeOf(from < 0 ? graph.inputShape : graph.nodes[from].outputShape)
  const widest = graph.nodes.reduce(
    (most, { inputs }, at) =>
      Math.max(
        most,
        [at, ...inputs].reduce((sum, from) => sum + floatsOf(from), 0)
      ),
    0
  )
  const step = Math.max(2, Math.floor(runBytes / (4 * widest)))
  const ends: number[] = []
  for (let end = step; end < count - 1; end += step) ends.push(end)
  return count > 0 ? [...ends, count] : ends
}

async function runSession(
  session: Awaited<ReturnType<typeof openOrtSession>>,
  graph: Graph,
  { count, reals }: ItemBatch
): Promise<Float32Array> {
  const size = sizeOf(graph.inputShape)
  const width = sizeOf(graph.nodes[graph.output].outputShape)
  const outputs = new Float32Array(count * width)
  let from = 0
  for (const end of runEnds(graph, count)) {
    const part = reals.subarray(from * size, end * size)
    const input = realTensor(inOnnxOrder(graph, part), [part.length / size, ...graph.inputShape])
    const results = await session.run({ [session.inputNames[0]]: input })
    outputs.set(tensorReals(results[session.outputNames[0]]), from * width)
    from = end
  }
  return outputs
}

function inOnnxOrder(graph: Graph, reals: Float32Array): Float32Array {
  if (graph.inputShape.length === 1) return reals
  const size = sizeOf(graph.inputShape)
  const shape = toHwc(graph.inputShape)
  const input = new Float32Array(reals.length)
  for (let from = 0; from < reals.length; from += size)
    toChannelsFirst(reals.subarray(from, from + size), shape, input.subarray(from, from + size))
  return input
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
