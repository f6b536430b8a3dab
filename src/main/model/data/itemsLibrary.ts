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
      const { count, bytes, targets } = await set.read(split, 0, maxItemsOf(split, set.shape))
      return { count, pixels: bytes, labels: Uint8Array.from(targets) }
    }
  }
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
