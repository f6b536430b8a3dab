import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { tfliteToOnnx } from '@core/model/tflite/toOnnx'
import type { TfliteModel } from '@core/model/tflite/tflite'
import { createImportedRunner } from '@core/quant/runImported'
import { decodeTflite } from '@main/model/files/tfliteFile'
import { TfliteDraft } from '../../../../support/tfliteDraft'
import { encodeTflite } from '../../../../support/tfliteWriter'

/** What the converter of TensorFlow 2.21 writes for Keras 3 layers: lengths that it leaves open stand as 1 in the file. */

/** Runs a model through its bytes: written, decoded, converted, imported, executed in float. */
function run(model: TfliteModel, input: ArrayLike<number>): number[] {
  const { imported, obstacles } = readOnnx(tfliteToOnnx(decodeTflite(encodeTflite(model))))
  expect(obstacles).toEqual([])
  return [...createImportedRunner(imported!)(input).values]
}

const expectClose = (found: readonly number[], wanted: readonly number[]): void => {
  expect(found.length).toBe(wanted.length)
  for (const [at, value] of wanted.entries()) expect(found[at]).toBeCloseTo(value, 5)
}

/** y[i] = bias + sum over k of w[k] * x[i + k * step - before], zeros outside. */
function dilatedLine(
  x: readonly number[],
  w: readonly number[],
  [step, before, after]: readonly [number, number, number],
  bias: number
): number[] {
  const length = x.length + before + after - (w.length - 1) * step
  return Array.from({ length }, (_, at) =>
    w.reduce((sum, weight, k) => sum + weight * (x[at + k * step - before] ?? 0), bias)
  )
}

const draft = (): TfliteDraft => new TfliteDraft(createRandom(3))
const series = (values: readonly number[]) => {
  let at = 0
  return () => values[at++]!
}
const line = [3, -1, 4, 1, -5, 9, 2, -6, 5]

describe('dilated convolutions of Keras', () => {
  it('of one axis, between a view on either side (Conv1D)', () => {
    const made = draft()
    const x = made.tensor({ dims: [1, 9, 1] })
    // Two zeros in front as causal padding has them, one behind that is cropped away again.
    const spread = made.add('SPACE_TO_BATCH_ND', [x, made.ints([2]), made.ints([2, 1], [1, 2])], [1, 6, 1])
    const wide = made.add('EXPAND_DIMS', [spread, made.ints([1], [])], [1, 1, 6, 1])
    const weights = made.floats([1, 1, 2, 1], series([2, -3]))
    const bias = made.floats([1], () => 0.5)
    const options = { padding: 1, strideW: 1, strideH: 1, dilationW: 1, dilationH: 1, activation: 0 }
    const layer = made.add('CONV_2D', [wide, weights, bias], [1, 1, 5, 1], options)
    const flat = made.add('RESHAPE', [layer, made.ints([-1, 5, 1])], [1, 5, 1], { shape: [] })
    const crops = made.ints([0, 1], [1, 2])
    const y = made.add('BATCH_TO_SPACE_ND', [flat, made.ints([2]), crops], [1, 9, 1])
    expectClose(run(made.model('conv1d', x, y), line), dilatedLine(line, [2, -3], [2, 2, 0], 0.5))
  })

  it('of two axes, depthwise, with another step along each', () => {
    const made = draft()
    const x = made.tensor({ dims: [1, 3, 3, 1] })
    const block = made.ints([1, 2])
    // Rows stay as they are; columns: 2 zeros on the left, 1 on the right and one more that is cropped.
    const spread = made.add('SPACE_TO_BATCH_ND', [x, block, made.ints([0, 0, 2, 1], [2, 2])], [1, 3, 3, 1])
    const weights = made.floats([1, 1, 2, 1], series([1, 10]))
    const options = { padding: 1, strideW: 1, strideH: 1, multiplier: 1, activation: 1 }
    const layer = made.add('DEPTHWISE_CONV_2D', [spread, weights, made.floats([1], () => 0)], [1, 3, 2, 1], {
      ...options,
      ...{ dilationW: 1, dilationH: 1 }
    })
    const crops = made.ints([0, 0, 0, 1], [2, 2])
    const y = made.add('BATCH_TO_SPACE_ND', [layer, block, crops], [1, 3, 3, 1])
    const wanted = [0, 3, 6].flatMap((at) => dilatedLine(line.slice(at, at + 3), [1, 10], [2, 2, 0], 0))
    expectClose(
      run(made.model('depthwise', x, y), line),
      wanted.map((value) => Math.max(0, value))
    )
  })

  it('of one axis is no convolution whose view makes channels of pixels: refused by name', () => {
    const made = draft()
    const x = made.tensor({ dims: [1, 4, 2] })
    const pads = made.ints([0, 0], [1, 2])
    const spread = made.add('SPACE_TO_BATCH_ND', [x, made.ints([2]), pads], [2, 2, 2])
    // Two channels of two pixels as one channel of four: a filter of one channel would be taken for two groups.
    const wide = made.add('RESHAPE', [spread, made.ints([2, 1, 4, 1])], [2, 1, 4, 1], { shape: [] })
    const options = { padding: 1, strideW: 1, strideH: 1, dilationW: 1, dilationH: 1, activation: 0 }
    const weights = made.floats([2, 1, 1, 1])
    const layer = made.add('CONV_2D', [wide, weights, made.floats([2])], [2, 1, 4, 2], options)
    const flat = made.add('RESHAPE', [layer, made.ints([2, 8, 1])], [2, 8, 1], { shape: [] })
    const y = made.add('BATCH_TO_SPACE_ND', [flat, made.ints([2]), pads], [1, 16, 1])
    const { imported, obstacles } = readOnnx(tfliteToOnnx(made.model('view', x, y)))
    expect(imported).toBeNull()
    expect(obstacles.map(({ message }) => message).join(' ')).toContain('SPACE_TO_BATCH_ND')
  })

  it('whose steps on either side differ are refused by name', () => {
    const made = draft()
    const x = made.tensor({ dims: [1, 4, 4, 1] })
    const pads = made.ints([0, 0, 0, 0], [2, 2])
    const spread = made.add('SPACE_TO_BATCH_ND', [x, made.ints([2, 1]), pads], [1, 2, 4, 1])
    const options = { padding: 1, strideW: 1, strideH: 1, dilationW: 1, dilationH: 1, activation: 0 }
    const weights = made.floats([1, 1, 1, 1])
    const layer = made.add('CONV_2D', [spread, weights, made.floats([1])], [1, 2, 4, 1], options)
    const y = made.add('BATCH_TO_SPACE_ND', [layer, made.ints([1, 2]), pads], [1, 2, 4, 1])
    const { imported, obstacles } = readOnnx(tfliteToOnnx(made.model('other', x, y)))
    expect(imported).toBeNull()
    expect(obstacles.map(({ message }) => message).join(' ')).toContain('SPACE_TO_BATCH_ND')
    expect(obstacles.every(({ hint }) => hint !== '')).toBe(true)
  })
})

describe('shapes that the file works out', () => {
  it('a Dense layer over the last of three axes (Tensordot)', () => {
    const made = draft()
    const x = made.tensor({ dims: [1, 2, 3] })
    const lengths = made.tensor({ dims: [3], type: 'int32' })
    made.operators.push({ name: 'SHAPE', isCustom: false, inputs: [x], outputs: [lengths], options: {} })
    const whole = (name: string, inputs: number[], dims: number[], options = {}): number => {
      const index = made.tensor({ dims, type: 'int32' })
      made.operators.push({ name, isCustom: false, inputs, outputs: [index], options })
      return index
    }
    const gathered = whole('GATHER', [lengths, made.ints([0, 1])], [2], { axis: 0, batchDims: 0 })
    const rows = whole('REDUCE_PROD', [gathered, made.ints([0])], [], { keepDims: false })
    const sides = whole('PACK', [rows, made.ints([3], [])], [2], { count: 2, axis: 0 })
    const last = whole('CONCATENATION', [gathered, made.ints([2])], [3], { axis: 0, activation: 0 })
    const flat = made.add('RESHAPE', [x, sides], [1, 1], { shape: [] })
    const weights = made.floats([2, 3], series([1, 2, 3, -1, 0, 1]))
    const options = { activation: 0, weightsFormat: 0, keepDims: false }
    const product = made.add('FULLY_CONNECTED', [flat, weights, -1], [1, 2], options)
    const y = made.add('RESHAPE', [product, last], [1, 1, 2], { shape: [] })
    expectClose(run(made.model('dense', x, y), [1, 2, 3, 4, 5, 6]), [14, 2, 32, 2])
  })

  it('a layer that keeps its axes, of which the file does not know one', () => {
    const made = draft()
    const x = made.tensor({ dims: [1, 6] })
    const open = made.add('RESHAPE', [x, made.ints([1, -1, 3])], [1, 1, 3], { shape: [] })
    const weights = made.floats([1, 3], series([1, 10, 100]))
    const options = { activation: 0, weightsFormat: 0, keepDims: true }
    const y = made.add('FULLY_CONNECTED', [open, weights, -1], [1, 1, 1], options)
    expectClose(run(made.model('kept', x, y), [1, 2, 3, 4, 5, 6]), [321, 654])
  })

  it('first states that are filled in (recurrences, unrolled)', () => {
    const made = draft()
    const x = made.tensor({ dims: [1, 3] })
    const lengths = made.tensor({ dims: [2], type: 'int32' })
    made.operators.push({ name: 'SHAPE', isCustom: false, inputs: [x], outputs: [lengths], options: {} })
    const state = made.add('FILL', [lengths, made.floats([], () => 0.25)], [1, 3])
    const y = made.add('ADD', [x, state], [1, 3], { activation: 0 })
    expectClose(run(made.model('filled', x, y), [1, 2, 3]), [1.25, 2.25, 3.25])
  })
})
