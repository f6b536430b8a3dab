import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { int, ints, type OnnxAttribute } from '@core/model/onnx/onnx'
import { createOnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { compareWithOnnxruntime } from '../../../support/importAgreement'

/** x + what an operator makes of a known tensor [2, 3, 4], as one row. */
function withKnown(
  opType: string,
  attributes: Record<string, OnnxAttribute>,
  count: number,
  more: readonly BigInt64Array[] = [],
  seed = 5
) {
  const random = createRandom(seed)
  const builder = createOnnxBuilder()
  const x = builder.input('x', 'float32', [1, count])
  const known = builder.constant(
    Float32Array.from({ length: 24 }, () => random.normal()),
    [2, 3, 4]
  )
  const others = more.map((values) => builder.constant(values, opType === 'ReduceSum' ? [values.length] : []))
  const made = builder.node(opType, [known, ...others], attributes)
  builder.output(builder.node('Add', [x, builder.node('Reshape', [made, builder.shape([1, count])])]), 'y')
  return builder.build('known')
}

const reductions = [
  'ReduceMean',
  'ReduceProd',
  'ReduceMax',
  'ReduceMin',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare'
]
const forms: [axes: number[], keepdims: number, count: number][] = [
  [[1], 1, 8],
  [[-1], 0, 6],
  [[0, 2], 1, 3],
  [[0, 1, 2], 0, 1]
]

describe('what depends on known tensors alone is worked out as onnxruntime does', () => {
  it.each(reductions.flatMap((opType) => forms.map((form) => [opType, ...form] as const)))(
    '%s over %j, keepdims %d',
    async (opType, axes, keepdims, count) => {
      const model = withKnown(opType, { axes: ints(axes), keepdims: int(keepdims) }, count)
      expect(await compareWithOnnxruntime(model, 1)).toMatchObject({ kind: 'equal' })
    }
  )

  it.each(forms)('ReduceSum over %j as an input, keepdims %d', async (axes, keepdims, count) => {
    const more = [BigInt64Array.from(axes, BigInt)]
    const model = withKnown('ReduceSum', { keepdims: int(keepdims) }, count, more)
    expect(await compareWithOnnxruntime(model, 1)).toMatchObject({ kind: 'equal' })
  })

  it('ReduceSum without axes, over all of them or none', async () => {
    expect(await compareWithOnnxruntime(withKnown('ReduceSum', {}, 1), 1)).toMatchObject({ kind: 'equal' })
    const none = withKnown('ReduceSum', { noop_with_empty_axes: int(1) }, 24)
    expect(await compareWithOnnxruntime(none, 1)).toMatchObject({ kind: 'equal' })
  })

  it.each(reductions)('%s over no axis at all', async (opType) => {
    const model = { ...withKnown(opType, { noop_with_empty_axes: int(1) }, 24), opset: 18 }
    expect(await compareWithOnnxruntime(model, 1)).toMatchObject({ kind: 'equal' })
  })

  it.each([
    [0, 0, 0],
    [1, 1, 0],
    [-1, 0, 1],
    [2, 1, 1]
  ])('CumSum along axis %d, exclusive %d, reverse %d', async (axis, exclusive, reverse) => {
    const attributes = { exclusive: int(exclusive), reverse: int(reverse) }
    const model = withKnown('CumSum', attributes, 24, [BigInt64Array.of(BigInt(axis))])
    expect(await compareWithOnnxruntime(model, 1)).toMatchObject({ kind: 'equal' })
  })

  it.each([
    [1, 0],
    [0, 0],
    [1, 2],
    [0, -1]
  ])('Trilu with upper %d, moved by %d', async (upper, shift) => {
    const model = withKnown('Trilu', { upper: int(upper) }, 24, [BigInt64Array.of(BigInt(shift))])
    expect(await compareWithOnnxruntime(model, 1)).toMatchObject({ kind: 'equal' })
  })

  it.each(['Sin', 'Cos', 'Tan', 'Atan'])('%s', async (opType) => {
    expect(await compareWithOnnxruntime(withKnown(opType, {}, 24), 1)).toMatchObject({ kind: 'equal' })
  })

  it('refuses an axis that does not exist', () => {
    const { obstacles } = readOnnx(withKnown('ReduceProd', { axes: ints([3]) }, 1))
    expect(obstacles[0]).toMatchObject({ operator: 'ReduceProd' })
    expect(obstacles[0]!.message).toContain('axis 3 does not exist')
  })
})
