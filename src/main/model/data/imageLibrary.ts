import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../../shared/errors'
import type { Split } from '../../../shared/contract/model'
import {
  chooseSplits,
  subsetSeed,
  takeImages,
  trainingSplits,
  type LabelledImages
} from '../../../core/model/dataSet'
import { decodeSubset, readIdxPair, type ImageSubset } from './imageFiles'

/** The shipped images, below the folder of the shipped models. */
export const subsetFile = 'fashion-subset.bin.gz'

/** Where Debian's dataset-fashion-mnist puts the full set. */
export const fashionFolder = '/usr/share/datasets/fashion-mnist'

/**
 * The images schemes are fitted, chosen and judged on: the shipped subset, and the full Fashion-MNIST where Debian's
 * package is installed.
 */
export interface ImageLibrary {
  readonly name: string
  readonly origin: string
  /** Splits that can be had here, with their sizes (tune: of the shipped subset). */
  sizes(): Promise<{ split: Split; images: number }[]>
  shape(): Promise<readonly [number, number, number]>
  /** @throws AppError data.missing when the split needs a package that is not installed. */
  load(split: Split): Promise<LabelledImages>
  hasFullSet(): boolean
  /** Every training image that is not in the search split. @throws AppError data.missing */
  loadFullTraining(): Promise<LabelledImages>
}

/** Returns the shipped images, and the full test set where it is installed. */
export function createImageLibrary(options: { modelsFolder: string; fullSetFolder?: string }): ImageLibrary {
  const subsetPath = path.join(options.modelsFolder, subsetFile)
  const folder = options.fullSetFolder ?? fashionFolder
  let subset: Promise<ImageSubset> | undefined
  let fullTest: Promise<LabelledImages> | undefined
  const readSubset = (): Promise<ImageSubset> => {
    subset ??= readFile(subsetPath).then(
      (bytes) => decodeSubset(bytes, subsetPath),
      (cause: unknown) => {
        throw new AppError(
          'data.missing',
          `${subsetPath} cannot be read.`,
          'Reinstall Bitbench, or restore the file.',
          { cause }
        )
      }
    )
    return subset
  }
  const hasFullSet = (): boolean => existsSync(path.join(folder, 't10k-images-idx3-ubyte.gz'))
  return {
    name: 'Fashion-MNIST',
    origin: 'Zalando Research, MIT licence; seeded stratified subset, resources/models/README.md',
    hasFullSet,
    async sizes() {
      const { splits } = await readSubset()
      const own = [...splits].map(([split, { count }]) => ({ split: split as Split, images: count }))
      return hasFullSet() ? [...own, { split: 'fullTest', images: 10_000 }] : own
    },
    shape: async () => (await readSubset()).shape,
    async load(split) {
      // Kept, so that the float network's outputs for these images are found again (floatReference.ts).
      if (split === 'fullTest')
        return (fullTest ??= readFashion(folder, 't10k').catch((reason: unknown) => {
          fullTest = undefined
          throw reason
        }))
      const images = (await readSubset()).splits.get(split)
      if (images === undefined) {
        throw new AppError(
          'data.missing',
          `The image subset has no split "${split}".`,
          'Restore resources/models.'
        )
      }
      return images
    },
    async loadFullTraining() {
      const all = await readFashion(folder, 'train')
      const held = new Set(chooseSplits(all.labels, trainingSplits, subsetSeed).get('search'))
      return takeImages(
        all,
        Array.from({ length: all.count }, (_, index) => index).filter((index) => !held.has(index))
      )
    }
  }
}

/** One of the two halves of Fashion-MNIST. */
export async function readFashion(folder: string, half: 'train' | 't10k'): Promise<LabelledImages> {
  if (!existsSync(folder)) {
    throw new AppError(
      'data.missing',
      'The full Fashion-MNIST is not installed on this machine.',
      'Install Debian package dataset-fashion-mnist, or use the shipped subset (split "test").'
    )
  }
  return readIdxPair(
    path.join(folder, `${half}-images-idx3-ubyte.gz`),
    path.join(folder, `${half}-labels-idx1-ubyte.gz`)
  )
}
