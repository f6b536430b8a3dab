import { createRandom, type Random } from '../../math/random'
import type { LmLayer, LmModel } from '../checkpoint'
import { matrixNames, matrixShape, type LmConfig } from '../config'
import type { LmScheme, MatrixBits } from '../integer/lmScheme'
import { quantizeLm } from '../integer/quantizeLm'
import type { QuantizedLm } from '../integer/quantizedLm'
import { observeRanges } from '../integer/ranges'
import type { LmShape } from './stepTerms'

/** A decoder to be measured, and where in its sequence. */
export interface SampleDecoder {
  readonly lm: QuantizedLm
  readonly positions: readonly number[]
}

const sequenceLength = 256
/** Measured places of a sequence: one in each quarter. */
const positionsEach = 4

const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)]

/** Sizes of one layer, widths of 32 to 192; heads of 12 values take the loops that go code by code. */
function sampleConfig(random: Random): LmConfig {
  const heads = pick(random, [4, 8])
  const size = pick(random, [8, 8, 16, 16, 24, 12])
  return {
    dim: heads * size,
    hiddenDim: 4 * (12 + random.integer(72)),
    layers: 1,
    heads,
    kvHeads: pick(random, [heads / 2, heads]),
    vocabulary: 64 + 32 * random.integer(12),
    sequenceLength,
    tied: true
  }
}

/** Bits of every matrix by chance; matrices that read the same codes share their activation bits. */
function sampleScheme(random: Random): LmScheme {
  const activation = (): 8 | 4 => pick(random, [8, 4])
  const bits = (activationBits: 8 | 4): MatrixBits => ({
    weightBits: pick(random, [8, 4, 2, 1] as const),
    activationBits
  })
  const [inner, outer] = [activation(), activation()]
  const layer = {
    ...{ wq: bits(inner), wk: bits(inner), wv: bits(inner), wo: bits(activation()) },
    ...{ w1: bits(outer), w3: bits(outer), w2: bits(activation()) }
  }
  return { layers: [layer], classifier: bits(activation()), cacheBits: activation() }
}

/** A decoder of seeded random values; matrices keep the size of what they multiply. */
function sampleModel(config: LmConfig, random: Random): LmModel {
  const values = (count: number, spread: number, mean = 0): Float32Array =>
    Float32Array.from({ length: count }, () => mean + spread * random.normal())
  const embedding = values(config.vocabulary * config.dim, 1)
  const layers = Array.from({ length: config.layers }, () => {
    const matrices = matrixNames.map((name) => {
      const { rows, columns } = matrixShape(config, name)
      return [name, values(rows * columns, 1 / Math.sqrt(columns))]
    })
    const norms = { attentionNorm: values(config.dim, 0.1, 1), ffnNorm: values(config.dim, 0.1, 1) }
    return { ...norms, ...Object.fromEntries(matrices) } as LmLayer
  })
  return { config, embedding, layers, finalNorm: values(config.dim, 0.1, 1), classifier: embedding }
}

/** Sizes and bits of a decoder to be measured, and where in its sequence. */
export interface SampleShape extends LmShape {
  readonly positions: readonly number[]
}

/** Shapes of one layer with sizes and bits by chance; seeded. */
export function sampleShapes(count: number, seed: number): SampleShape[] {
  const random = createRandom(seed)
  const quarter = sequenceLength / positionsEach
  return Array.from({ length: count }, () => ({
    config: sampleConfig(random),
    scheme: sampleScheme(random),
    positions: Array.from({ length: positionsEach }, (_, at) => at * quarter + random.integer(quarter))
  }))
}

/** Decoders of these shapes with values by chance, one after another; seeded. */
export function* sampleDecoders(count: number, seed: number): Generator<SampleDecoder, void> {
  const random = createRandom(seed).fork(1)
  for (const { config, scheme, positions } of sampleShapes(count, seed)) {
    const model = sampleModel(config, random)
    const document = Array.from({ length: 24 }, () => random.integer(config.vocabulary))
    const lm = quantizeLm(model, scheme, observeRanges(model, [document], document.length))
    yield { lm, positions }
  }
}
