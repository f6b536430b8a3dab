import { describe, expect, it } from 'vitest'
import { float, int, ints, text, type OnnxModel } from '@core/model/onnx/onnx'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { createOnnxBuilder, type OnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { runModel } from '@main/model/files/runFile'

const codes = (b: OnnxBuilder, value: number): string => b.constant(Uint8Array.of(value), [])

function network(
  type: 'float32' | 'uint8',
  size: number,
  make: (b: OnnxBuilder, x: string) => string,
  opset?: number
): OnnxModel {
  const builder = createOnnxBuilder()
  const x = builder.input('x', type, [1, size])
  builder.output(make(builder, x), 'y')
  const model = builder.build('codes')
  return opset === undefined ? model : { ...model, opset }
}

const results = (model: OnnxModel, values: number[]): number[] =>
  runModel(model, { shape: [1, values.length], values: Float64Array.from(values) }, 'float', []).outputs[0]!
    .values

describe('codes of a file', () => {
  it('as its input are the real numbers that scale and zero point say', () => {
    const model = network('uint8', 3, (b, x) => b.node('DequantizeLinear', [x, b.scalar(0.5), codes(b, 100)]))
    expect(results(model, [100, 102, 90])).toEqual([0, 1, -5])
  })

  it('as its output are rounded to even, limited, and beside the zero point', () => {
    const model = network('float32', 5, (b, x) => b.node('QuantizeLinear', [x, b.scalar(0.5), codes(b, 10)]))
    // 0.25 / 0.5 and 0.75 / 0.5 are halves.
    expect(results(model, [0.25, 0.75, -100, 200, 1])).toEqual([10, 12, 0, 255, 12])
  })

  it('behind which real numbers come round them at the end alone', () => {
    const model = network('float32', 3, (b, x) => {
      const quantized = b.node('QuantizeLinear', [x, b.scalar(0.5), codes(b, 10)])
      return b.node('DequantizeLinear', [quantized, b.scalar(0.5), codes(b, 10)])
    })
    expect(results(model, [0.7, -100, 1])).toEqual([0.5, -5, 1])
  })

  it('take part in integer products as onnxruntime multiplies them', () => {
    const model = network('uint8', 2, (b, x) =>
      b.node('QLinearMatMul', [
        x,
        b.scalar(0.5),
        codes(b, 128),
        b.constant(Int8Array.of(2, -3), [2, 1]),
        b.scalar(0.25),
        b.constant(Int8Array.of(0), []),
        b.scalar(1),
        codes(b, 100)
      ])
    )
    // 0.5 * 0.25 * (12 * 2 + -4 * -3) = 4.5, to the even 4.
    expect(results(model, [140, 124])).toEqual([104])
  })

  it('whose scale is found at run time are refused as an output', () => {
    const model = network('float32', 3, (b, x) => b.nodes('DynamicQuantizeLinear', [x], 3)[0]!)
    expect(readOnnx(model).obstacles[0]!.message).toContain('found at run time')
  })
  it('fill a padding with what they mean', () => {
    const model = network('float32', 2, (b, x) => {
      const quantized = b.node('QuantizeLinear', [x, b.scalar(0.5), codes(b, 10)])
      const padded = b.node('Pad', [quantized, b.shape([0, 1, 0, 0])])
      return b.node('DequantizeLinear', [padded, b.scalar(0.5), codes(b, 10)])
    })
    expect(results(model, [1, 2])).toEqual([-5, 1, 2])
  })

  it.each<[string, string, (b: OnnxBuilder, quantized: string) => string]>([
    ['a limit of codes', 'computes with codes', (b, y) => b.node('Clip', [y, codes(b, 3), codes(b, 9)])],
    ['a comparison', 'computes with codes', (b, y) => b.node('Less', [y, codes(b, 3)])],
    [
      'a join with others',
      'codes of several scales',
      (b, y) => b.node('Concat', [y, b.constant(Uint8Array.of(1), [1, 1])], { axis: int(1) })
    ]
  ])('refuses %s', (_, message, make) => {
    const model = network('float32', 3, (b, x) =>
      make(b, b.node('QuantizeLinear', [x, b.scalar(0.5), codes(b, 10)]))
    )
    expect(readOnnx(model).obstacles[0]!.message).toContain(message)
  })

  it('of 16 bits end where their type does', () => {
    const zero = { name: 'zero', dims: [], data: Int32Array.of(0), limits: [0, 65_535] as const }
    const made = network('float32', 3, (b, x) =>
      b.node('DequantizeLinear', [
        b.node('QuantizeLinear', [x, b.scalar(0.5), 'zero']),
        b.scalar(0.5),
        'zero'
      ])
    )
    const model = { ...made, initializers: [...made.initializers, zero] }
    expect(results(model, [-3, 2.2, 1e6])).toEqual([0, 2, 32767.5])
  })
})

describe('operators at the end of a network', () => {
  it('of two branches what a mask does not choose may be no number', () => {
    const model = network('float32', 3, (b, x) =>
      b.node('Where', [b.node('Less', [x, b.scalar(0)]), x, b.node('Sqrt', [x])])
    )
    expect(results(model, [4, -1, 0])).toEqual([2, -1, 0])
  })

  it.each<[string, (b: OnnxBuilder, x: string) => string, number[]]>([
    [
      'LogSoftmax',
      (b, x) => b.node('Add', [b.node('LogSoftmax', [x], { axis: int(1) }), b.scalar(1)]),
      [-599, 1, -999]
    ],
    ['ReduceLogSumExp', (b, x) => b.node('ReduceLogSumExp', [x], { axes: ints([1]) }), [700]]
  ])('%s takes numbers whose powers float32 does not hold', (_, make, expected) => {
    expect(results(network('float32', 3, make), [100, 700, -300])).toEqual(expected)
  })

  it('minus infinity as a result is refused', () => {
    const model = network('float32', 3, (b, x) =>
      b.node('Where', [b.node('Less', [x, b.scalar(0)]), b.scalar(-Infinity), x])
    )
    expect(readOnnx(model).obstacles[0]!.message).toContain('minus infinity')
  })

  it('ArgMax takes the first or the last of equal values', () => {
    const of = (last: number): OnnxModel =>
      network('float32', 4, (b, x) => b.node('ArgMax', [x], { axis: int(1), select_last_index: int(last) }))
    expect(results(of(0), [1, 7, 7, 2])).toEqual([1])
    expect(results(of(1), [1, 7, 7, 2])).toEqual([2])
  })

  it('give what is no number as such', () => {
    const model = network('float32', 3, (b, x) => b.node('Pow', [x, b.scalar(0.5)]))
    expect(results(model, [4, -1, 0])).toEqual([2, NaN, 0])
  })

  it('refuse a dropout of the training', () => {
    const model = network('float32', 3, (b, x) =>
      b.node('Dropout', [x, b.scalar(0.5), b.constant(Uint8Array.of(1), [])])
    )
    expect(readOnnx(model).obstacles[0]!.message).toContain('training mode')
  })

  it('a pool of SAME that onnxruntime reads in its own way is refused', () => {
    const builder = createOnnxBuilder()
    const x = builder.input('x', 'float32', [1, 1, 7])
    const attributes = { auto_pad: text('SAME_UPPER'), kernel_shape: { kind: 'ints', value: [1] } as const }
    builder.output(
      builder.node('MaxPool', [x], { ...attributes, strides: { kind: 'ints', value: [4] } }),
      'y'
    )
    expect(readOnnx(builder.build('pool')).obstacles[0]!.message).toContain('strides beyond the window')
  })

  it('Resize that keeps the ratio of axes counted from the end is refused, for onnxruntime reads it in its own way', () => {
    const builder = createOnnxBuilder()
    const x = builder.input('x', 'float32', [1, 1, 6, 3])
    const sizes = builder.constant(BigInt64Array.of(4n, 3n), [2])
    const axes = { kind: 'ints', value: [-2, -1] } as const
    const attributes = { mode: text('linear'), keep_aspect_ratio_policy: text('not_smaller'), axes }
    builder.output(builder.node('Resize', [x, '', '', sizes], attributes), 'y')
    const { obstacles } = readOnnx({ ...builder.build('resize'), opset: 18 })
    expect(obstacles[0]!.message).toContain('axes from the end')
  })

  it('Resize of opset 10 begins where the input does', () => {
    const builder = createOnnxBuilder()
    const x = builder.input('x', 'float32', [1, 1, 4])
    const scales = builder.constant(Float32Array.of(1, 1, 0.5), [3])
    builder.output(builder.node('Resize', [x, scales], { mode: text('linear') }), 'y')
    const model = { ...builder.build('resize'), opset: 10 }
    const values = Float64Array.of(1, 2, 3, 4)
    expect(runModel(model, { shape: [1, 1, 4], values }, 'float', []).outputs[0]!.values).toEqual([1, 3])
  })

  it('a normalisation gives its mean and 1 / deviation where they are asked for', () => {
    const builder = createOnnxBuilder()
    const x = builder.input('x', 'float32', [1, 4])
    const [y, mean, deviation] = builder.nodes(
      'LayerNormalization',
      [x, builder.constant(Float32Array.of(1, 1, 1, 1), [4])],
      3,
      { epsilon: float(0) }
    ) as [string, string, string]
    builder.output(y, 'y')
    builder.output(mean, 'mean')
    builder.output(deviation, 'deviation')
    const model = { ...builder.build('norm'), opset: 17 }
    const { outputs } = runModel(model, { shape: [1, 4], values: Float64Array.of(1, 3, 1, 3) }, 'float', [])
    expect(outputs.map(({ values }) => values)).toEqual([[-1, 1, -1, 1], [2], [1]])
  })
})
