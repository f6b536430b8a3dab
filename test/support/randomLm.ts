import type { LmConfig } from '../../src/core/lm/config'
import { matrixNames, matrixShape } from '../../src/core/lm/config'
import type { LmLayer, LmModel } from '../../src/core/lm/checkpoint'
import { createRandom } from '../../src/core/math/random'

/** Sizes of a tiny decoder with grouped heads. */
export const tinyConfig: LmConfig = {
  dim: 16,
  hiddenDim: 40,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  vocabulary: 270,
  sequenceLength: 24,
  tied: true
}

/** A decoder of seeded random values; matrices keep the size of what they multiply. */
export function randomLm(config: LmConfig, seed: number): LmModel {
  const random = createRandom(seed)
  const values = (count: number, spread: number, mean = 0): Float32Array =>
    Float32Array.from({ length: count }, () => mean + spread * random.normal())
  const embedding = values(config.vocabulary * config.dim, 1)
  const layers = Array.from({ length: config.layers }, () => {
    const layer: Record<string, Float32Array> = {
      attentionNorm: values(config.dim, 0.1, 1),
      ffnNorm: values(config.dim, 0.1, 1)
    }
    for (const name of matrixNames) {
      const { rows, columns } = matrixShape(config, name)
      layer[name] = values(rows * columns, 1 / Math.sqrt(columns))
    }
    return layer as LmLayer
  })
  const finalNorm = values(config.dim, 0.1, 1)
  const classifier = config.tied ? embedding : values(config.vocabulary * config.dim, 1)
  return { config, embedding, layers, finalNorm, classifier }
}
