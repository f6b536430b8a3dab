import type { ActivationRanges } from './calibration'
import { runLayers, type FitWork } from './fitEngine'
import type { IntegerLayer } from '../quantizedNetwork'

/** Output bytes (code + 128) of the layers made so far over the calibration images, computed once a reader needs them. */
export interface LayerCodes {
  /** Appends a layer; `inputs`: positions of layers before it, -1 for the images. @returns its position */
  add(made: LayerEntry): number
  /** What a layer's output depends on, as text: layers with equal texts have equal outputs. */
  signatureOf(position: number): string
  bytesOf(position: number): FitWork<Uint8Array>
  /** Lets go of outputs that no node from now on reads. They are computed again where one does. */
  release(): void
}

interface LayerEntry {
  readonly layer: IntegerLayer
  readonly inputs: readonly number[]
  readonly signature: string
}

/** @param isReadLater whether a node that is still to come reads the output of the layer at a position */
export function createLayerCodes(
  { bytes, images, codesCache }: Pick<ActivationRanges, 'bytes' | 'images' | 'codesCache'>,
  isReadLater: (position: number) => boolean
): LayerCodes {
  const made: LayerEntry[] = []
  /** Outputs that are still to be read; the cache may have dropped them. */
  const held = new Map<number, Uint8Array>()

  /** A flatten hands on the bytes that it reads. */
  const source = (position: number): number =>
    position >= 0 && made[position].layer.op === 'flatten' ? source(made[position].inputs[0]) : position

  function find(position: number): Uint8Array | undefined {
    if (position < 0) return bytes
    return held.get(position) ?? codesCache.get(made[position].signature)
  }

  /** Layers that have to be run for the output at `position`, each behind those that it reads; and what they read. */
  function missing(position: number): { run: number[]; read: Map<number, Uint8Array> } {
    const run = new Set<number>()
    const read = new Map<number, Uint8Array>()
    const pending = [position]
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

  return {
    add: (entry) => made.push(entry) - 1,
    signatureOf: (position) => (position < 0 ? '' : made[position].signature),
    *bytesOf(position) {
      const wanted = source(position)
      const { run, read } = missing(wanted)
      if (run.length > 0) {
        const inputs = [...read.keys()]
        const kept = run.filter((at) => at === wanted || isReadLater(at))
        const outputs = yield* runLayers({
          layers: run.map((at) => made[at].layer),
          sources: run.map((at) =>
            made[at].inputs
              .map(source)
              .map((from) => (read.has(from) ? -1 - inputs.indexOf(from) : run.indexOf(from)))
          ),
          inputs: [...read.values()],
          wanted: kept.map((at) => run.indexOf(at)),
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
      for (const position of held.keys()) if (!isReadLater(position)) held.delete(position)
    }
  }
}
