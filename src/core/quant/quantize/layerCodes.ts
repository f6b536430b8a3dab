import type { ActivationRanges } from './calibration'
import { runLayers, type FitWork, type LayersRequest } from './fitEngine'
import type { IntegerLayer } from '../quantizedNetwork'

/** Output bytes (code + 128) of the layers made so far over the calibration images, computed once a reader needs them. */
export interface LayerCodes {
  /** Appends a layer; `inputs`: positions of layers before it, -1 for the images. @returns its position */
  add(made: LayerEntry): number
  /** What a layer's output depends on, as text: layers with equal texts have equal outputs. */
  signatureOf(position: number): string
  bytesOf(position: number): FitWork<Uint8Array>
  /** Drops outputs that nothing needs from now on. They are computed again where one is needed after all. */
  release(): void
  /** Releases all outputs; none may be requested afterwards. */
  end(): void
}

interface LayerEntry {
  readonly layer: IntegerLayer
  readonly inputs: readonly number[]
  readonly signature: string
}

/** @param isReadLater whether a node from now on reads the output of the layer at a position */
export function createLayerCodes(
  { bytes, images, codesCache }: Pick<ActivationRanges, 'bytes' | 'images' | 'codesCache'>,
  isReadLater: (position: number) => boolean
): LayerCodes {
  const made: LayerEntry[] = []
  /** Outputs that are still to be read; the cache may have dropped them. */
  const held = new Map<number, Uint8Array>()
  /** Layers that have been run here. */
  const computed = new Set<number>()

  /** A flatten hands on the bytes that it reads. */
  const source = (position: number): number =>
    position >= 0 && made[position].layer.op === 'flatten' ? source(made[position].inputs[0]) : position

  function find(position: number): Uint8Array | undefined {
    if (position < 0) return bytes
    return held.get(position) ?? codesCache.get(made[position].signature)
  }

  /** Layers whose outputs nodes from now on read, or layers that have not been run yet and are needed themselves. */
  function needed(): boolean[] {
    const isNeeded = made.map((_, position) => isReadLater(position))
    for (let reader = made.length - 1; reader >= 0; reader--) {
      if (!isNeeded[reader] || computed.has(reader)) continue
      for (const input of made[reader].inputs.map(source)) if (input >= 0) isNeeded[input] = true
    }
    return isNeeded
  }

  function dropHeld(position: number): void {
    codesCache.drop(held.get(position)!)
    held.delete(position)
  }

  return {
    add: (entry) => made.push(entry) - 1,
    signatureOf: (position) => (position < 0 ? '' : made[position].signature),
    *bytesOf(position) {
      const wanted = source(position)
      const { run, read } = missing(wanted, made, source, find)
      if (run.length > 0) {
        const inputs = [...read.keys()]
        run.forEach((at) => computed.add(at))
        const isNeeded = needed()
        const kept = run.filter((at) => at === wanted || isNeeded[at])
        const from = (position: number): number =>
          read.has(position) ? -1 - inputs.indexOf(position) : run.indexOf(position)
        const sources = run.map((at) => made[at].inputs.map(source).map(from))
        const layers = run.map((at) => made[at].layer)
        const positions = kept.map((at) => run.indexOf(at))
        const outputs = yield* runInto(codesCache, {
          layers,
          sources,
          inputs: [...read.values()],
          wanted: positions,
          items: images
        })
        for (const [at, output] of outputs.entries()) {
          held.set(kept[at], output)
          codesCache.set(made[kept[at]].signature, output, output.length)
        }
      }
      return find(wanted)!
    },
    release() {
      const isNeeded = needed()
      for (const position of held.keys()) if (!isNeeded[position]) dropHeld(position)
    },
    end() {
      for (const position of held.keys()) dropHeld(position)
    }
  }
}

/** Layers that have to be run for the output at `wanted`, each behind those that it reads; and what they read. */
function missing(
  wanted: number,
  made: readonly LayerEntry[],
  source: (position: number) => number,
  find: (position: number) => Uint8Array | undefined
): { run: number[]; read: Map<number, Uint8Array> } {
  const run = new Set<number>()
  const read = new Map<number, Uint8Array>()
  const pending = [wanted]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (run.has(next) || read.has(next)) continue
    const known = find(next)
    if (known !== undefined) read.set(next, known)
    else {
      run.add(next)
      pending.push(...made[next].inputs.map(source))
    }
  }
  return { run: [...run].sort((a, b) => a - b), read }
}

/** Runs layers into memory of a cache; what is returned is held once, nothing else that was taken is. */
function* runInto(
  cache: ActivationRanges['codesCache'],
  request: Omit<LayersRequest, 'kind' | 'take'>
): FitWork<readonly Uint8Array[]> {
  const taken = new Set<Uint8Array>()
  const take = (length: number): Uint8Array<ArrayBuffer> => {
    const bytes = cache.take(length)
    taken.add(bytes)
    return bytes
  }
  // What is read must not be written over where the cache lets go of it meanwhile.
  for (const bytes of request.inputs) cache.hold(bytes)
  try {
    const outputs = yield* runLayers({ ...request, take })
    for (const output of outputs) taken.delete(output)
    return outputs
  } finally {
    for (const bytes of [...taken, ...request.inputs]) cache.drop(bytes)
  }
}
