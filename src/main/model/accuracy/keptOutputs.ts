import { createHash } from 'node:crypto'
import type { ByteCache } from '../../../core/quant/quantize/byteCache'
import { elementCount, isLast, type IntegerLayer } from '../../../core/quant/quantizedNetwork'
import { visitsOf } from '../onnxruntime/ortFitEngine'

/** Outputs of layers over items, kept for networks that begin with the same layers. */
export interface KeptOutputs {
  readonly cache: ByteCache
  /** Names the items: equal names mean equal items. */
  readonly items: string
}

/** Where a network can be cut in two: its later layers read the output of the one at `at`, and no other before it. */
export interface NetworkCut {
  readonly at: number
  /** Names all layers up to here by their content. */
  readonly key: string
}

/** Bytes of one output that are kept at most, and how many outputs of a network are. */
const maxOutputBytes = 6 * 2 ** 20
const maxCuts = 6

/** Cuts that lie about evenly among the work of a network, for so many items. */
export function networkCuts(layers: readonly IntegerLayer[], items: number): NetworkCut[] {
  const keys = layerKeys(layers)
  const isCut = cutPositions(layers)
  const work = layers.map(visitsOf)
  const total = work.reduce((sum, own) => sum + own, 0)
  const cuts: NetworkCut[] = []
  let done = 0
  let next = total / (maxCuts + 1)
  for (const [at, layer] of layers.entries()) {
    done += work[at]
    if (done < next || !isCut[at] || elementCount(layer.outputShape) * items > maxOutputBytes) continue
    if (isReduced(layers, isCut, at)) continue
    cuts.push({ at, key: keys[at] })
    next = Math.max(next, done) + total / (maxCuts + 1)
  }
  return cuts
}

/** Whether the next layer makes less of an output without weights of its own: its output is the better place to cut. */
function isReduced(layers: readonly IntegerLayer[], isCut: readonly boolean[], at: number): boolean {
  const [layer, next] = [layers[at], layers[at + 1]]
  return (
    isCut[at + 1] && !('weights' in next) && elementCount(next.outputShape) < elementCount(layer.outputShape)
  )
}

function cutPositions(layers: readonly IntegerLayer[]): boolean[] {
  /** The last reader of each layer before the one that is looked at. */
  let farthest = -1
  const lastReader = new Array<number>(layers.length + 1).fill(-1)
  for (const [at, { inputs }] of layers.entries()) for (const from of inputs) lastReader[from + 1] = at
  return layers.map((layer, at) => {
    farthest = Math.max(farthest, lastReader[at])
    return farthest <= at && layer.op !== 'flatten' && layer.op !== 'output' && !isLast(layer)
  })
}

/** A hash for each layer of all that its output depends on. */
function layerKeys(layers: readonly IntegerLayer[]): string[] {
  const keys: string[] = []
  for (const { inputs, ...layer } of layers) {
    const hash = createHash('sha256')
    hash.update(inputs.map((from) => (from < 0 ? '' : keys[from])).join())
    for (const [name, value] of Object.entries(layer)) {
      hash.update(name)
      if (ArrayBuffer.isView(value))
        hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
      else hash.update(JSON.stringify(value) ?? '')
    }
    keys.push(hash.digest('base64url'))
  }
  return keys
}

/** The layers behind a cut, as a network that reads the output there. */
export function layersBehind(layers: readonly IntegerLayer[], at: number): IntegerLayer[] {
  return layers
    .slice(at + 1)
    .map((layer) => ({ ...layer, inputs: layer.inputs.map((from) => from - (at + 1)) }))
}
