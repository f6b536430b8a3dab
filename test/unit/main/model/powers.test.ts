import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { int, type OnnxModel } from '@core/model/onnx/onnx'
import { createOnnxBuilder, type OnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { importModel } from '@core/model/onnx/importOnnx'
import { createImportedRunner } from '@core/quant/runImported'
import { runModel } from '@main/model/files/runFile'
import { compareWithOnnxruntime } from '../../../support/importAgreement'

const random = createRandom(11)

/** A network of one power of x, or of exp(tanh(x)), which is above 0. */
function powerOf(dims: readonly number[], make: (b: OnnxBuilder, x: string) => string): OnnxModel {
  const builder = createOnnxBuilder()
  builder.output(make(builder, builder.input('x', 'float32', [...dims])), 'y')
  return builder.build('power')
}

const positive = (b: OnnxBuilder, x: string): string => b.node('Exp', [b.node('Tanh', [x])])
const drawn = (sizes: readonly number[], values: readonly number[]): Float32Array =>
  Float32Array.from(
    { length: sizes.reduce((a, b) => a * b, 1) },
    () => values[random.integer(values.length)]!
  )

describe('a power by known exponents has the values of onnxruntime', () => {
  it.each<[string, readonly number[], readonly number[], readonly number[]]>([
    ['that are all equal', [1, 3, 4], [3, 4], [2]],
    ['that are all 1, of more axes than the base', [1, 5], [1, 2, 5], [1]],
    ['one with more axes than the base', [1, 5], [1, 1, 1], [-1]],
    ['per channel', [1, 6, 3, 2], [6, 1, 1], [0.5, -1, 1, 2]],
    ['per element', [1, 2, 3, 5], [1, 2, 3, 5], [0, 1, 2, 3, 0.5, -1, 1.7, -2.5]],
    ['that widen the base', [1, 1, 4], [1, 3, 4], [3, 0.5, -0.25]],
    ['of vectors', [1, 9], [9], [2, 3]]
  ])('%s', async (_, dims, sizes, values) => {
    for (const seed of [1, 2, 3]) {
      const model = powerOf(dims, (b, x) =>
        b.node('Pow', [positive(b, x), b.constant(drawn(sizes, values), [...sizes])])
      )
      expect(await compareWithOnnxruntime(model, seed)).toMatchObject({ kind: 'equal' })
    }
  })

  it('whole exponents of values below 0', async () => {
    const model = powerOf([1, 3, 4], (b, x) =>
      b.node('Pow', [b.node('Sub', [x, b.scalar(0.5)]), b.constant(Float32Array.of(2, 3, 1), [3, 1])])
    )
    expect(await compareWithOnnxruntime(model, 4)).toMatchObject({ kind: 'equal' })
  })

  it('in a fixed batch, where they do not differ by the items', () => {
    const of = (batch: number, values: Float32Array, sizes: readonly number[]): OnnxModel =>
      powerOf([batch, 3, 2], (b, x) => b.node('Pow', [positive(b, x), b.constant(values, [...sizes])]))
    const input = Float32Array.from({ length: 6 }, () => random.normal())
    for (const sizes of [[3, 1], [1, 3, 2], [1]]) {
      const values = drawn(sizes, [2, 0.5, 3])
      const [one, four] = [1, 4].map((batch) =>
        createImportedRunner(importModel(of(batch, values, sizes)))(input)
      )
      expect(four).toEqual(one)
    }
    for (const sizes of [
      [4, 1, 1],
      [1, 1, 3, 1]
    ])
      expect(importModel(of(4, drawn(sizes, [2, 0.5, 3]), sizes)).input.fileDims).toEqual([4, 3, 2])
  })

  it('and so do known bases with computed exponents', async () => {
    for (const [bases, sizes] of [
      [[2], []],
      [
        [0.5, 1, 3],
        [3, 1]
      ]
    ] as const) {
      const model = powerOf([1, 3, 4], (b, x) =>
        b.node('Pow', [b.constant(Float32Array.from(bases), [...sizes]), x])
      )
      expect(await compareWithOnnxruntime(model, 5)).toMatchObject({ kind: 'equal' })
    }
  })
})

describe('a power in integers', () => {
  it('follows the float network', () => {
    const [channels, side] = [4, 5]
    const model = powerOf([1, channels, side, side], (b, x) => {
      const weights = b.constant(drawn([channels, channels, 1, 1], [0.2, 0.3, 0.5, 0.1]), [
        channels,
        channels,
        1,
        1
      ])
      const exponents = b.constant(Float32Array.of(2, 0.5, 1, 3), [channels, 1, 1])
      return b.node('Pow', [b.node('Conv', [x, weights]), exponents])
    })
    const values = Float64Array.from({ length: 2 * channels * side ** 2 }, () => random.next())
    const run = (scheme: string): number[] =>
      runModel(model, { shape: [2, channels, side, side], values }, scheme, ['y']).outputs[0]!.values
    const float = run('float')
    const scale = Math.max(...float.map(Math.abs))
    for (const [at, value] of run('int8').entries())
      expect(Math.abs(value - float[at]!) / scale).toBeLessThan(0.05)
  })
})

describe('a power is refused', () => {
  it.each<[string, string, Parameters<typeof powerOf>[1]]>([
    ['of two computed values', 'both computed', (b, x) => b.node('Pow', [positive(b, x), x])],
    ['of a base below 0', 'not above 0', (b, x) => b.node('Pow', [b.scalar(-2), x])],
    [
      'of more exponents than tables',
      'it has 40 different exponents',
      (b, x) =>
        b.node('Pow', [
          x,
          b.constant(
            Float32Array.from({ length: 40 }, (_, at) => at),
            [40]
          )
        ])
    ],
    [
      'by exponents that do not fit',
      'cannot be raised to powers of [3]',
      (b, x) => b.node('Pow', [x, b.constant(Float32Array.of(1, 2, 3), [3])])
    ],
    [
      'by what is no number',
      'not finite',
      (b, x) => b.node('Pow', [x, b.constant(Float32Array.of(Infinity), [1])])
    ],
    [
      'of whole numbers by a fraction',
      'whole numbers are raised to powers that are negative or fractions',
      (b, x) => b.node('Pow', [b.node('Cast', [x], { to: int(7) }), b.scalar(0.5)])
    ],
    [
      'by whole numbers that are computed',
      'to the power of whole numbers',
      (b, x) => b.node('Pow', [b.scalar(2), b.node('Cast', [x], { to: int(7) })])
    ]
  ])('%s', (_, what, make) => {
    expect(() => importModel(powerOf([1, 40], make))).toThrow(what)
  })
})
