import type { audioFeatureKinds } from '../../../shared/vocabulary'
import { AppError } from '../../../shared/errors'
import type { Sound } from '../readWav'
import { magnitudes, powerOfTwo } from './spectrum'
import { htkMelWeights, slaneyMelWeights } from './melWeights'

/**
 * Sound as the numbers a network reads, with the parameters of MLPerf Tiny v1 (github.com/mlcommons/tiny):
 * `mfcc` as its keyword spotting makes them with TensorFlow, `logMel` as its anomaly detection does with librosa.
 */
export interface AudioFeatures {
  readonly kind: (typeof audioFeatureKinds)[number]
  readonly rateHz: number
  /** Samples per item; shorter sounds are padded with zeros, longer ones cut. */
  readonly samples: number
  readonly frameLength: number
  readonly frameStep: number
  readonly melBins: number
  readonly lowHz: number
  readonly highHz: number
  /** MFCCs kept per frame; unused by logMel. */
  readonly coefficients: number
  /** Frames joined to one item; 0: all frames are one item. */
  readonly framesPerItem: number
}

/** Keyword spotting: 1 s at 16 kHz, 30 ms windows every 20 ms, 40 mel bins, 10 MFCCs: 49 x 10. */
export const keywordFeatures: AudioFeatures = {
  kind: 'mfcc',
  rateHz: 16_000,
  samples: 16_000,
  frameLength: 480,
  frameStep: 320,
  melBins: 40,
  lowHz: 20,
  highHz: 4000,
  coefficients: 10,
  framesPerItem: 0
}

/** Anomaly detection: 1024-sample windows every 512, 128 mel bins in dB, 5 frames joined: 640 numbers. */
export const machineFeatures: AudioFeatures = {
  kind: 'logMel',
  rateHz: 16_000,
  samples: 0,
  frameLength: 1024,
  frameStep: 512,
  melBins: 128,
  lowHz: 0,
  highHz: 8000,
  coefficients: 0,
  framesPerItem: 5
}

/** Features of one sound: values in row-major order of `shape`. */
export interface FeatureItem {
  readonly values: Float32Array
  readonly shape: readonly number[]
}

/** Items of one sound. @throws AppError data.invalid when the rate is another or the sound too short */
export function audioItems(sound: Sound, features: AudioFeatures, file: string): FeatureItem[] {
  if (sound.rateHz !== features.rateHz) {
    throw new AppError(
      'data.invalid',
      `${file}: it has ${sound.rateHz} samples a second where ${features.rateHz} are expected.`,
      `Convert it, for instance: sox in.wav -r ${features.rateHz} out.wav.`
    )
  }
  return features.kind === 'mfcc'
    ? [mfcc(sound.samples, features, file)]
    : logMel(sound.samples, features, file)
}

/** Divided by the largest sample, padded; magnitudes, mel sums, log(x + 1e-6), DCT-II scaled by 1/sqrt(2 mel bins). */
function mfcc(samples: Float32Array, features: AudioFeatures, file: string): FeatureItem {
  const { frameLength, frameStep, melBins, coefficients } = features
  let largest = -Infinity
  for (const sample of samples) largest = Math.max(largest, sample)
  if (!(largest > 0))
    throw new AppError('data.invalid', `${file}: it is silent.`, 'Remove it from the folder.')
  const given = new Float32Array(features.samples)
  for (let at = 0; at < Math.min(given.length, samples.length); at++) given[at] = samples[at] / largest
  const fftLength = powerOfTwo(frameLength)
  const frames = magnitudes(given, { frameLength, frameStep, fftLength })
  const weights = melWeightsOf(features, fftLength)
  const values = new Float32Array(frames.length * coefficients)
  for (const [index, frame] of frames.entries()) {
    const mel = melSums(frame, weights).map((sum) => Math.log(sum + 1e-6))
    for (let k = 0; k < coefficients; k++) {
      let sum = 0
      for (let bin = 0; bin < melBins; bin++) {
        sum += mel[bin] * Math.cos((Math.PI * k * (2 * bin + 1)) / (2 * melBins))
      }
      values[index * coefficients + k] = (2 * sum) / Math.sqrt(2 * melBins)
    }
  }
  return { values, shape: [frames.length, coefficients, 1] }
}

/** Centred frames (reflected edges), squared magnitudes, Slaney mel, 10 log10; consecutive frames joined. */
function logMel(samples: Float32Array, features: AudioFeatures, file: string): FeatureItem[] {
  const { frameLength, frameStep, melBins, framesPerItem } = features
  if (samples.length <= frameLength / 2) {
    throw new AppError(
      'data.invalid',
      `${file}: it is shorter than half a window.`,
      'Remove it from the folder.'
    )
  }
  const frames = magnitudes(reflected(samples, frameLength / 2), {
    frameLength,
    frameStep,
    fftLength: frameLength
  })
  const weights = melWeightsOf(features, frameLength)
  const decibels = frames.map((frame) =>
    melSums(
      frame.map((value) => value * value),
      weights
    ).map((sum) => 10 * Math.log10(Math.max(sum, Number.EPSILON)))
  )
  const items: FeatureItem[] = []
  for (let from = 0; from + framesPerItem <= decibels.length; from++) {
    const values = new Float32Array(framesPerItem * melBins)
    for (let at = 0; at < framesPerItem; at++) values.set(decibels[from + at], at * melBins)
    items.push({ values, shape: [values.length] })
  }
  return items
}

/** Weights by their features: they are the same for every sound of a set. */
const knownWeights = new WeakMap<AudioFeatures, Float64Array[]>()

function melWeightsOf(features: AudioFeatures, fftLength: number): readonly Float64Array[] {
  const known = knownWeights.get(features)
  if (known !== undefined) return known
  const make = features.kind === 'mfcc' ? htkMelWeights : slaneyMelWeights
  const weights = make({ ...features, bins: fftLength / 2 + 1 })
  knownWeights.set(features, weights)
  return weights
}

function reflected(samples: Float32Array, edge: number): Float32Array {
  const padded = new Float32Array(samples.length + 2 * edge)
  padded.set(samples, edge)
  for (let at = 1; at <= edge; at++) {
    padded[edge - at] = samples[at]
    padded[edge + samples.length - 1 + at] = samples[samples.length - 1 - at]
  }
  return padded
}

function melSums(frame: Float64Array, weights: readonly Float64Array[]): number[] {
  return weights.map((row) => {
    let sum = 0
    for (let bin = 0; bin < row.length; bin++) sum += row[bin] * frame[bin]
    return sum
  })
}
