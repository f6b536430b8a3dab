import { AppError } from '../../../shared/errors'
import type { ImageSplit } from '../../../shared/vocabulary'
import type { ItemBatch, ItemSet } from '../../../core/dataset/itemSet'
import {
  findGeneratedSet,
  itemRandom,
  type Garment,
  type GeneratedSet
} from '../../../core/dataset/generated/generatedSets'
import type { LabelledImages } from '../../../core/model/dataSet'
import type { Graph } from '../../../core/model/graph'
import { sizeOfShape } from '../../../core/dataset/item'
import { realsOfPixels } from '../../../core/quant/runFloat'
import { createImageLibrary, type ImageLibrary } from './imageLibrary'

/**
 * The generated data set that a network's file names as its own; null where it names none.
 * @throws AppError data.missing when this version has no set of that name
 */
export function generatedSetOf({ dataSet }: Pick<Graph, 'dataSet'>): GeneratedSet | null {
  if (dataSet === undefined) return null
  const set = findGeneratedSet(dataSet)
  if (set !== undefined) return set
  throw new AppError(
    'data.missing',
    `The network's file names the data set "${dataSet}", which this version of Bitbench does not have.`,
    'Give it another one: bitbench dataset add PATH --name N, then --dataset N.'
  )
}

/** Returns a generated set as items; a split is made when it is first read, and kept. */
export function openGeneratedItems(set: GeneratedSet, modelsFolder: string): ItemSet {
  const library = createImageLibrary({ modelsFolder })
  const splits = new Map<ImageSplit, Promise<MadeItems>>()
  const madeOf = (split: ImageSplit): Promise<MadeItems> => {
    let made = splits.get(split)
    if (made === undefined) {
      made = makeSplit(set, split, library)
      splits.set(split, made)
      made.catch(() => splits.delete(split))
    }
    return made
  }
  const size = sizeOfShape(set.shape)
  return {
    id: generatedId(set),
    name: set.name,
    task: set.task,
    shape: set.shape,
    classes: set.classNames.length,
    targetWidth: 1,
    input: null,
    count: (split) => set.items[split],
    async read(split, from, count): Promise<ItemBatch> {
      const { bytes, targets } = await madeOf(split)
      const to = Math.min(targets.length, from + count)
      const taken = bytes.subarray(from * size, to * size)
      // dataFit.ts replaces the real values by what the network's own scale and zero say.
      return {
        count: to - from,
        bytes: taken,
        reals: realsOfPixels(set, taken),
        targets: targets.subarray(from, to)
      }
    },
    close: async () => undefined
  }
}

/** Identity of a set's content, for results that are kept; raise the number when what is made changes. */
export function generatedId(set: GeneratedSet): string {
  return `generated-${set.name}-1`
}

/** Bytes and targets of items that were made. */
export interface MadeItems {
  readonly bytes: Uint8Array
  readonly targets: Float32Array
}

async function makeSplit(set: GeneratedSet, split: ImageSplit, library: ImageLibrary): Promise<MadeItems> {
  const garments = set.needsGarments ? await library.load(split) : null
  return makeItems(set, split, set.items[split], garments)
}

/** Makes the first items of a split, or of the training items that no split holds. */
export function makeItems(
  set: GeneratedSet,
  split: ImageSplit | 'training',
  count: number,
  garments: LabelledImages | null
): MadeItems {
  const size = sizeOfShape(set.shape)
  const bytes = new Uint8Array(count * size)
  const targets = new Float32Array(count)
  for (let at = 0; at < count; at++) {
    const garment = garments === null ? null : garmentAt(garments, at)
    const out = bytes.subarray(at * size, (at + 1) * size)
    targets[at] = set.make(itemRandom(set, split, at), split, at, garment, out)
  }
  return { bytes, targets }
}

function garmentAt({ count, pixels, labels }: LabelledImages, at: number): Garment {
  const index = at % count
  const side = pixels.length / count
  return { pixels: pixels.subarray(index * side, (index + 1) * side), label: labels[index] }
}
