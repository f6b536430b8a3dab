import { imageSplits, type ImageSplit } from '../../../shared/vocabulary'
import type { FittedOn } from '../../../shared/contract/model'
import { AppError } from '../../../shared/errors'
import type { LabelledImages } from '../../../core/model/dataSet'
import type { ItemSet } from '../../../core/dataset/itemSet'
import type { ImageLibrary } from './imageLibrary'

/**
 * Items of a split that fitting takes: enough for ranges and reconstruction, whatever the size of the set. Evaluations
 * say how many of how many (fittedOn).
 */
const maxCalibration = 512
const maxTraining = 20_000
const maxBytes = 256 * 2 ** 20
/** Bytes of real values that are held while items are read. */
const partBytes = 16 * 2 ** 20

/** Items a split is cut to for fitting and retraining. */
function maxItemsOf(split: ImageSplit, [height, width, channels]: ItemSet['shape']): number {
  const most = Math.max(1, Math.floor(maxBytes / (height * width * channels)))
  return Math.min(split === 'calibration' ? maxCalibration : maxTraining, most)
}

/** How many of the calibration and tuning items of a data set retraining takes (training/retrain.ts). */
export function retrainedOn(set: {
  readonly shape: ItemSet['shape']
  readonly splits: readonly { readonly split: string; readonly items: number }[]
}): FittedOn {
  const read = (['calibration', 'tune'] as const).map((split) => {
    const available = set.splits.find((one) => one.split === split)?.items ?? 0
    return { items: Math.min(available, maxItemsOf(split, set.shape)), available }
  })
  return read.reduce((sum, { items, available }) => ({
    items: sum.items + items,
    available: sum.available + available
  }))
}

/** A user's data set where fitting and short retraining expect a library of images. */
export function itemsLibrary(set: ItemSet): ImageLibrary {
  const refuse = (): never => {
    throw new AppError('data.missing', `"${set.name}" has no full set beside its splits.`, 'Use its splits.')
  }
  return {
    name: set.name,
    origin: 'data set of the user',
    sizes: async () =>
      imageSplits.map((split) => ({
        split,
        images: set.count(split)
      })),
    shape: async () => set.shape,
    hasFullSet: () => false,
    loadFullTraining: async () => refuse(),
    async load(split): Promise<LabelledImages> {
      if (split === 'fullTest') return refuse()
      return readImages(set, split, Math.min(set.count(split), maxItemsOf(split, set.shape)))
    }
  }
}

/** The first `count` items as bytes. Read in parts: the real values, which are not needed here, take four times the memory. */
async function readImages(set: ItemSet, split: ImageSplit, count: number): Promise<LabelledImages> {
  const [height, width, channels] = set.shape
  const size = height * width * channels
  const step = Math.max(1, Math.floor(partBytes / (4 * size)))
  const pixels = new Uint8Array(count * size)
  const labels = new Uint8Array(count * set.targetWidth)
  for (let from = 0; from < count; from += step) {
    const { bytes, targets } = await set.read(split, from, Math.min(step, count - from))
    pixels.set(bytes, from * size)
    labels.set(targets, from * set.targetWidth)
  }
  return { count, pixels, labels }
}

/** @throws AppError input.unsupported where items have no classes to retrain towards */
export function checkTrainable({ task, classes, name }: ItemSet): void {
  if (task === 'classification' && classes <= 256) return
  throw new AppError(
    'input.unsupported',
    `Short retraining needs classes (at most 256); "${name}" has task ${task}.`,
    'Use --method ptq.'
  )
}
