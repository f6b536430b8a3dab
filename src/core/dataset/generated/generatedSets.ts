import type { ImageSplit, Task } from '../../../shared/vocabulary'
import type { ShapeHwc } from '../../kernel/shape'
import { createRandom, type Random } from '../../math/random'
import { audioItems, keywordFeatures, machineFeatures } from '../audio/features'
import { runMachine } from './machine'
import { composeScene, type SceneForm } from './scenes'
import { sayWord, wordNames } from './words'

/** A grey image of 28 x 28 that a scene is made of, and its label. */
export interface Garment {
  readonly pixels: Uint8Array
  readonly label: number
}

/**
 * A data set that is made by a seeded rule where it is used, in place of data that cannot be shipped. Item `at` of a
 * split is always the same (sounds: up to what Math.sin and its like round differently in another engine).
 */
export interface GeneratedSet {
  readonly name: string
  /** What the items are, for the card and the screen. */
  readonly about: string
  readonly task: Task
  readonly shape: ShapeHwc
  readonly classNames: readonly string[]
  /** Real value of an input byte p: inputScale * (p - 128 + inputZero). */
  readonly inputScale: number
  readonly inputZero: number
  /** Items of each split; `needsGarments` sets have no more than there are garments. */
  readonly items: Readonly<Record<ImageSplit, number>>
  readonly needsGarments: boolean
  /** Writes the bytes of an item (HWC) and returns its target: a class, or 1 for an anomaly. */
  make(
    random: Random,
    split: ImageSplit | 'training',
    at: number,
    garment: Garment | null,
    out: Uint8Array
  ): number
}

const clothes = [
  'T-shirt',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot'
]
/** Worn on the upper body: T-shirt, pullover, dress, coat, shirt. */
const upperBody: ReadonlySet<number> = new Set([0, 2, 3, 4, 6])

function scenes(
  name: string,
  about: string,
  form: SceneForm,
  classNames: readonly string[],
  classOf: (label: number) => number,
  items: GeneratedSet['items']
): GeneratedSet {
  return {
    name,
    about,
    task: 'classification',
    shape: [form.side, form.side, 3],
    classNames,
    inputScale: 1 / 255,
    inputZero: 128,
    items,
    needsGarments: true,
    make(random, _split, _at, garment, out) {
      composeScene(garment!.pixels, form, random, out)
      return classOf(garment!.label)
    }
  }
}

/** Bytes of real values under a set's format, the nearest one where they lie outside. */
function toBytes(values: Float32Array, scale: number, zero: number, out: Uint8Array): void {
  for (let at = 0; at < values.length; at++)
    out[at] = Math.max(0, Math.min(255, Math.round(values[at] / scale) + 128 - zero))
}

const wordScale = 0.2

const words: GeneratedSet = {
  name: 'formant-words',
  about:
    'synthetic keywords of a formant synthesizer with noise, MFCC 49 x 10 with the parameters of MLPerf Tiny',
  task: 'classification',
  shape: [49, 10, 1],
  classNames: wordNames,
  // MFCCs of these sounds lie between -23 and 24.
  inputScale: wordScale,
  inputZero: 0,
  items: { calibration: 480, tune: 960, search: 600, test: 1200 },
  needsGarments: false,
  make(random, _split, at, _garment, out) {
    const label = at % wordNames.length
    const samples = sayWord(label, random)
    const [{ values }] = audioItems({ rateHz: 16_000, samples }, keywordFeatures, 'formant-words')
    toBytes(values, wordScale, 0, out)
    return label
  }
}

/** One step is half a decibel, one unit 16 of them. */
const decibelScale = 1 / 32

const machine: GeneratedSet = {
  name: 'machine-hum',
  about:
    'synthetic sounds of a geared motor, five frames of 128 log-mel bins with the parameters of MLPerf Tiny',
  task: 'reconstruction',
  shape: [1, 1, 640],
  classNames: ['normal', 'anomaly'],
  inputScale: decibelScale,
  inputZero: 0,
  items: { calibration: 480, tune: 960, search: 800, test: 1600 },
  needsGarments: false,
  make(random, split, at, _garment, out) {
    // Splits that networks are fitted on have normal sounds only.
    const isAnomalous = (split === 'search' || split === 'test') && at % 2 === 1
    const samples = runMachine(isAnomalous, random)
    const [{ values }] = audioItems({ rateHz: 16_000, samples }, machineFeatures, 'machine-hum')
    toBytes(
      values.map((value) => value / 16),
      decibelScale,
      0,
      out
    )
    return isAnomalous ? 1 : 0
  }
}

/** The generated data sets by name. */
export const generatedSets: readonly GeneratedSet[] = [
  scenes(
    'tinted-fashion',
    'Fashion-MNIST, tinted, before a noisy two-coloured background of 32 x 32 x 3: not CIFAR-10',
    { side: 32, smallest: 26, largest: 32 },
    clothes,
    (label) => label,
    { calibration: 480, tune: 960, search: 750, test: 1000 }
  ),
  scenes(
    'fashion-scenes',
    'Fashion-MNIST enlarged into scenes of 96 x 96 x 3, two classes (worn on the upper body, or not): not Visual Wake Words',
    { side: 96, smallest: 40, largest: 88 },
    ['other', 'upper body'],
    (label) => (upperBody.has(label) ? 1 : 0),
    { calibration: 240, tune: 480, search: 500, test: 1000 }
  ),
  words,
  machine
]

/** The set of this name; undefined where there is none. */
export function findGeneratedSet(name: string): GeneratedSet | undefined {
  return generatedSets.find((set) => set.name === name)
}

/** Numbers of the splits, apart from each other by more than a split has items. */
const splitSeeds = { calibration: 1, tune: 2, search: 3, test: 4, training: 5 } as const

/** The generator of an item's randomness: independent of all other items. */
export function itemRandom(set: GeneratedSet, split: keyof typeof splitSeeds, at: number): Random {
  const place = generatedSets.indexOf(set)
  return createRandom((place * 8 + splitSeeds[split]) * 2 ** 24 + at)
}
