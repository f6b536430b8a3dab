import type { ImageSplit } from '../../shared/vocabulary'
import { createRandom } from '../math/random'

/** Labelled images as bytes, HWC, one behind the other. */
export interface LabelledImages {
  readonly count: number
  readonly pixels: Uint8Array
  readonly labels: Uint8Array
}

/** How many images per class a split takes. */
export interface SplitSpec {
  readonly split: ImageSplit
  readonly perClass: number
}

/**
 * What the shipped subset takes from Fashion-MNIST. All but `test` come from the training set; `search` is held out
 * when the shipped networks are trained, so choosing schemes on it is choosing on unseen images.
 */
export const trainingSplits: readonly SplitSpec[] = [
  { split: 'search', perClass: 150 },
  { split: 'calibration', perClass: 100 },
  { split: 'tune', perClass: 200 }
]
/** What the subset takes from the test set. */
export const testSplits: readonly SplitSpec[] = [{ split: 'test', perClass: 100 }]
/** Seed of the choice of the shipped subset. */
export const subsetSeed = 20261121

/**
 * Stratified, disjoint, seeded choice of image indices for each split, in shuffled order (so that any prefix is
 * close to stratified too).
 */
export function chooseSplits(
  labels: Uint8Array,
  plans: readonly SplitSpec[],
  seed: number
): Map<ImageSplit, Int32Array> {
  const random = createRandom(seed)
  const byClass = new Map<number, number[]>()
  for (const [index, label] of labels.entries()) {
    const members = byClass.get(label) ?? []
    members.push(index)
    byClass.set(label, members)
  }
  const classes = [...byClass.keys()].sort((a, b) => a - b)
  for (const label of classes) random.shuffle(byClass.get(label)!)
  const taken = new Map<ImageSplit, Int32Array>()
  let start = 0
  for (const { split, perClass } of plans) {
    const chosen = classes.flatMap((label) => byClass.get(label)!.slice(start, start + perClass))
    taken.set(split, random.shuffle(Int32Array.from(chosen)))
    start += perClass
  }
  return taken
}

/** Returns copies of the images at `indices`, in that order. */
export function takeImages(source: LabelledImages, indices: ArrayLike<number>): LabelledImages {
  const size = source.pixels.length / source.count
  const pixels = new Uint8Array(indices.length * size)
  const labels = new Uint8Array(indices.length)
  for (let at = 0; at < indices.length; at++) {
    const index = indices[at]
    pixels.set(source.pixels.subarray(index * size, (index + 1) * size), at * size)
    labels[at] = source.labels[index]
  }
  return { count: indices.length, pixels, labels }
}

/** The first `count` images, all when there are fewer. */
export function firstImages(source: LabelledImages, count: number): LabelledImages {
  if (count >= source.count) return source
  const size = source.pixels.length / source.count
  return { count, pixels: source.pixels.subarray(0, count * size), labels: source.labels.subarray(0, count) }
}

/** The last `count` images, all when there are fewer. */
export function lastImages(source: LabelledImages, count: number): LabelledImages {
  if (count >= source.count) return source
  const from = source.count - count
  const size = source.pixels.length / source.count
  return { count, pixels: source.pixels.subarray(from * size), labels: source.labels.subarray(from) }
}
