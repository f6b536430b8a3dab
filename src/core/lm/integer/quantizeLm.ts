import { AppError } from '../../../shared/errors'
import { toFixedPoint } from '../../quant/integer/fixedPoint'
import { weightCode, weightScale } from '../../quant/quantize/weightQuantizer'
import { rotationTable, type LmModel } from '../checkpoint'
import { headSize, kvHeadOf, matrixShape, normEpsilon, type MatrixName } from '../config'
import { checkLmScheme, type LmScheme, type MatrixBits } from './lmScheme'
import {
  maxIntegerSizes,
  type Factors,
  type QuantizedLm,
  type QuantizedLmLayer,
  type QuantizedMatrix
} from './quantizedLm'
import { activationScale, headScales, type LmRanges } from './ranges'

/** Units of the integer decoder as fractions (docs/arithmetic.md "Decoder"). */
const scoreUnits = 256
const rotatedFraction = 256
const gateUnits = 256
const meanUnits = 4096
const normalUnits = 2 ** 20
const logitUnits = 65536
const maxInt16 = 32767
/** How many times their largest magnitude in calibration the residual and the upper branch may reach. */
const headroom = 2

/** Signed factors; 0 is a dead one. */
export function signedFactors(values: ArrayLike<number>): Factors {
  const mult = new Int32Array(values.length)
  const shift = new Uint8Array(values.length)
  for (let at = 0; at < values.length; at++) {
    const fixed = toFixedPoint(Math.abs(values[at]))
    mult[at] = values[at] < 0 ? -fixed.mult : fixed.mult
    shift[at] = fixed.shift
  }
  return { mult, shift }
}

/** Codes and scales of a matrix, row by row. */
interface Codes {
  readonly codes: Int8Array
  readonly scales: Float64Array
}

function codesOf(
  weights: Float32Array,
  { rows, columns }: { rows: number; columns: number },
  { weightBits }: MatrixBits,
  importance: Float64Array | null
): Codes {
  const codes = new Int8Array(rows * columns)
  const scales = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const scale = weightScale(weights.subarray(row * columns, (row + 1) * columns), weightBits, importance)
    scales[row] = scale
    for (let at = row * columns; at < (row + 1) * columns; at++)
      codes[at] = weightCode(weights[at], scale, weightBits)
  }
  return { codes, scales }
}

/** The matrix whose sums are multiplied by `unit(row)` times the row's scale. */
function matrixOf(
  { codes, scales }: Codes,
  shape: { rows: number; columns: number },
  bits: MatrixBits,
  unit: (row: number) => number
): QuantizedMatrix {
  return { ...shape, ...bits, codes, ...signedFactors(scales.map((scale, row) => scale * unit(row))) }
}

/**
 * Quantizes a decoder: scales of activations from the calibration texts, of weights row by row, weighted by the mean square of what
 * they multiply.
 * @throws AppError scheme.invalid, model.unsupportedShape for sizes whose sums could overflow
 */
export function quantizeLm(model: LmModel, scheme: LmScheme, ranges: LmRanges): QuantizedLm {
  const { config } = model
  checkLmScheme(scheme, config)
  checkSizes(model)
  const residualUnit = Math.max(ranges.residual, 1e-6) * (headroom / maxInt16)
  const shape = { rows: config.vocabulary, columns: config.dim }
  const inputScale = activationScale(ranges.values('classifierInput', -1), scheme.classifier.activationBits)
  const classifierCodes = codesOf(
    model.classifier,
    shape,
    scheme.classifier,
    ranges.meanSquares('classifierInput', -1)
  )
  const embeddingBits: MatrixBits = config.tied ? scheme.classifier : { weightBits: 8, activationBits: 8 }
  const embeddingCodes = config.tied ? classifierCodes : codesOf(model.embedding, shape, embeddingBits, null)
  return {
    config,
    scheme,
    embedding: matrixOf(embeddingCodes, shape, embeddingBits, () => 1 / residualUnit),
    layers: model.layers.map((_, index) => layerOf(model, scheme, ranges, index, residualUnit)),
    finalNorm: normFactors(model.finalNorm, inputScale),
    classifier: matrixOf(classifierCodes, shape, scheme.classifier, () => inputScale * logitUnits),
    epsilon: Math.min(2 ** 47, Math.round((config.dim * normEpsilon(config)) / residualUnit ** 2)),
    rotation: rotationCodes(model)
  }
}

/** x / sqrt(sum of squares), in 1/2^20, to codes of a scale. */
const normFactors = (weight: Float32Array, scale: number): Factors =>
  signedFactors(
    Float64Array.from(weight, (value) => (value * Math.sqrt(weight.length)) / (scale * normalUnits))
  )

function rotationCodes({ config }: LmModel): Int16Array {
  const [cosines, sines] = [rotationTable(config, Math.cos), rotationTable(config, Math.sin)]
  const codes = new Int16Array(2 * cosines.length)
  for (let at = 0; at < cosines.length; at++) {
    codes[2 * at] = Math.round(2 ** 14 * cosines[at])
    codes[2 * at + 1] = Math.round(2 ** 14 * sines[at])
  }
  return codes
}

function layerOf(
  model: LmModel,
  scheme: LmScheme,
  ranges: LmRanges,
  index: number,
  residualUnit: number
): QuantizedLmLayer {
  const { config } = model
  const bits = scheme.layers[index]
  const layer = model.layers[index]
  const size = headSize(config)
  const scaleOf = (
    tensor: 'attentionInput' | 'attentionOutput' | 'ffnInput' | 'ffnOutput',
    name: MatrixName
  ) => activationScale(ranges.values(tensor, index), bits[name].activationBits)
  const attentionScale = scaleOf('attentionInput', 'wq')
  const outputScale = scaleOf('attentionOutput', 'wo')
  const ffnScale = scaleOf('ffnInput', 'w1')
  const hiddenScale = scaleOf('ffnOutput', 'w2')
  const query = headScales(model, ranges, 'query', index, 8)
  const key = headScales(model, ranges, 'key', index, scheme.cacheBits)
  const value = headScales(model, ranges, 'value', index, scheme.cacheBits)
  const upUnit = Math.max(ranges.largest('up', index), 1e-6) * (headroom / maxInt16)
  const quantized = (
    name: MatrixName,
    input: 'attentionInput' | 'attentionOutput' | 'ffnInput' | 'ffnOutput',
    unit: (row: number) => number
  ): QuantizedMatrix => {
    const shape = matrixShape(config, name)
    const codes = codesOf(layer[name], shape, bits[name], ranges.meanSquares(input, index))
    return matrixOf(codes, shape, bits[name], unit)
  }
  const headOf = (row: number): number => Math.floor(row / size)
  const heads = Array.from({ length: config.heads }, (_, head) => head)
  return {
    attentionNorm: normFactors(layer.attentionNorm, attentionScale),
    wq: quantized('wq', 'attentionInput', (row) => (attentionScale * rotatedFraction) / query[headOf(row)]),
    wk: quantized('wk', 'attentionInput', (row) => (attentionScale * rotatedFraction) / key[headOf(row)]),
    wv: quantized('wv', 'attentionInput', (row) => attentionScale / value[headOf(row)]),
    score: signedFactors(
      heads.map((head) => (query[head] * key[kvHeadOf(config, head)] * scoreUnits) / Math.sqrt(size))
    ),
    mean: signedFactors(heads.map((head) => value[kvHeadOf(config, head)] / (meanUnits * outputScale))),
    wo: quantized('wo', 'attentionOutput', () => outputScale / residualUnit),
    ffnNorm: normFactors(layer.ffnNorm, ffnScale),
    w1: quantized('w1', 'ffnInput', () => ffnScale * gateUnits),
    w3: quantized('w3', 'ffnInput', () => ffnScale / upUnit),
    hidden: signedFactors([upUnit / (gateUnits * hiddenScale)]),
    w2: quantized('w2', 'ffnOutput', () => hiddenScale / residualUnit)
  }
}

function checkSizes({ config }: LmModel): void {
  const sizes = { ...config, headSize: headSize(config) }
  for (const [name, limit] of Object.entries(maxIntegerSizes)) {
    const value = sizes[name as keyof typeof maxIntegerSizes]
    if (value > limit)
      throw new AppError(
        'model.unsupportedShape',
        `The language model's ${name} is ${value}; integer decoders go up to ${limit}, so that no sum overflows.`,
        'Train a smaller model, or shorten its sequence.'
      )
  }
}
