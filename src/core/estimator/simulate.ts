import { createRandom } from '../math/random'
import type { StageSample } from './samples/stageSample'

/** Simulated samples with a known truth. */
export interface SimulationOptions {
  count: number
  seed: number
  /** Standard deviation of the logarithm of the noise: of vision, projector and prefill, and of decode. */
  prefillNoise: number
  decodeNoise: number
  /** Relative change of decode time per token. */
  positionSlope: number
  /** Record times per token; sums alone do not identify the slope. */
  recordPositions: boolean
  /** Speed of the device: every time is divided by it. */
  speed?: number
  dataSet?: string
}

/** Standard deviation of the logarithm of single tokens' times where they are recorded. */
const tokenNoise = 0.03

const tiers = { low: 256, medium: 576, high: 1152 } as const
/** Values of the knob of active experts. */
export const simulatedTopK = [4, 6, 8, 10, 12] as const
/** Values of the knob of vision blocks. */
export const simulatedBlocks = [8, 10, 12, 14, 16] as const

/**
 * Vision-language samples of a made-up device with a known truth, marked as simulated: for tests of what measured data
 * cannot show. Times are sums of launches, bytes and arithmetic with log-normal noise.
 */
export function simulateSamples(options: SimulationOptions): StageSample[] {
  const random = createRandom(options.seed)
  return Array.from({ length: options.count }, () => {
    const tier = (['low', 'medium', 'high'] as const)[random.integer(3)]
    const knobs = {
      visionTokens: tiers[tier],
      promptTokens: 16 + random.integer(112),
      moeTopK: simulatedTopK[random.integer(5)],
      activeBlocks: simulatedBlocks[random.integer(5)],
      tier
    }
    const outputTokens = 16 + random.integer(112)
    const truth = trueStages(knobs, options.speed ?? 1)
    const noisy = (time: number, noise: number): number => time * Math.exp(noise * random.normal())
    const run = options.decodeNoise * random.normal()
    const perToken = Array.from(
      { length: outputTokens },
      (_, at) => truth.token * (1 + options.positionSlope * (at + 1 - (outputTokens + 1) / 2)) * Math.exp(run)
    )
    const times = options.recordPositions ? perToken.map((time) => noisy(time, tokenNoise)) : perToken
    return {
      knobs,
      outputTokens,
      stages: {
        visionEncoder: noisy(truth.visionEncoder, options.prefillNoise),
        projector: noisy(truth.projector, options.prefillNoise),
        prefill: noisy(truth.prefill, options.prefillNoise),
        decode: times.reduce((sum, time) => sum + time, 0)
      },
      ...(options.recordPositions ? { decodePerTokenMs: times } : {}),
      dataSet: options.dataSet ?? 'simulated',
      device: 'simulated',
      origin: 'simulated' as const
    }
  })
}

/** The truth without noise, ms; `token` is the average decode time of one token. */
export function trueStages(
  knobs: { visionTokens: number; promptTokens: number; moeTopK: number; activeBlocks: number },
  speed = 1
): { visionEncoder: number; projector: number; prefill: number; token: number } {
  const { visionTokens, promptTokens, moeTopK, activeBlocks } = knobs
  const tokens = visionTokens + promptTokens
  const attention = 2.5e-7 * tokens * tokens
  return {
    visionEncoder: (2 + 0.012 * visionTokens + 3e-6 * visionTokens ** 2) / speed,
    projector: (0.2 + 0.0006 * visionTokens) / speed,
    prefill: (1.5 + activeBlocks * (0.12 + tokens * (3e-4 + 6e-5 * moeTopK) + attention)) / speed,
    token: (0.6 + activeBlocks * (0.05 + 0.012 * moeTopK)) / speed
  }
}
