import { describe, expect, it } from 'vitest'
import { runModel } from '@main/model/files/runFile'
import { compareWithOnnxruntime } from '../../../support/importAgreement'
import { float, int, text, type OnnxModel, type OnnxNode, type OnnxTensor } from '@core/model/onnx/onnx'

/** Small graphs that random ones of other seeds found wrong once. */
const modelOf = (
  dims: readonly number[],
  nodes: readonly Omit<OnnxNode, 'name' | 'domain'>[],
  initializers: readonly OnnxTensor[]
): OnnxModel => ({
  name: 'found',
  opset: 18,
  nodes: nodes.map((node, at) => ({ ...node, name: `n${at}`, domain: '' })),
  initializers: [...initializers],
  inputs: [{ name: 'x', elementType: 'float32', dims: [...dims] }],
  outputs: [{ name: 'y', elementType: 'float32', dims: null }],
  metadata: {}
})
const tensor = (name: string, dims: readonly number[], values: readonly number[]): OnnxTensor => ({
  name,
  dims,
  data: Float32Array.from(values)
})

describe('rounding in front of a limit', () => {
  const limited = (opType: string, inputs: string[], low?: number, high?: number): OnnxModel =>
    modelOf(
      [1, 40],
      [
        { opType: 'Mul', inputs: ['x', 'ten'], outputs: ['m'], attributes: {} },
        { opType, inputs: ['m'], outputs: ['r'], attributes: {} },
        { opType: 'Clip', inputs: ['r', ...inputs], outputs: ['y'], attributes: {} }
      ],
      [tensor('ten', [], [10]), tensor('low', [], [low ?? 0]), tensor('high', [], [high ?? 0])]
    )
  it.each([
    ['open upwards', ['low'], -2, undefined],
    ['open downwards', ['', 'high'], undefined, 3],
    ['between fractions', ['low', 'high'], -20.25, 30.5]
  ])('%s is no limit of codes: whole numbers stay whole', async (_, inputs, low, high) => {
    for (const opType of ['Round', 'Floor', 'Ceil'])
      expect(await compareWithOnnxruntime(limited(opType, inputs, low, high), 3)).toMatchObject({
        kind: 'equal'
      })
  })
})

describe('Softmax over several axes before opset 13', () => {
  const joined = (nodes: readonly Omit<OnnxNode, 'name' | 'domain'>[], tensors: OnnxTensor[] = []) => ({
    ...modelOf(
      [1, 4, 3],
      [...nodes, { opType: 'Softmax', inputs: ['v'], outputs: ['y'], attributes: { axis: int(1) } }],
      tensors
    ),
    opset: 11
  })

  it.each(['Softmax', 'LogSoftmax'])('takes what %s over one axis gives', async (opType) => {
    const model = joined([{ opType, inputs: ['x'], outputs: ['v'], attributes: { axis: int(-1) } }])
    expect(await compareWithOnnxruntime(model, 4)).toMatchObject({ kind: 'equal' })
  })

  it('is not rounded to the codes in front of it', () => {
    const codes = [tensor('scale', [], [0.5]), { name: 'zero', dims: [], data: Int8Array.of(0) }]
    const model = joined(
      [
        { opType: 'QuantizeLinear', inputs: ['x', 'scale', 'zero'], outputs: ['q'], attributes: {} },
        { opType: 'DequantizeLinear', inputs: ['q', 'scale', 'zero'], outputs: ['v'], attributes: {} }
      ],
      codes
    )
    const values = Float64Array.from({ length: 12 }, (_, at) => at / 2)
    const [found] = runModel(model, { shape: [1, 4, 3], values }, 'float', []).outputs
    const total = values.reduce((sum, value) => sum + Math.exp(value), 0)
    for (const [at, value] of values.entries())
      expect(found!.values[at]).toBeCloseTo(Math.exp(value) / total, 5)
  })
})

describe('Resize to the nearest element by a fraction', () => {
  // 4.5 / 0.6 - 0.5 is 7 in single precision and 6.9999997 beyond it.
  it.each(['half_pixel', 'pytorch_half_pixel', 'asymmetric'])('takes the element of %s', async (place) => {
    for (const mode of ['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil'])
      for (const scale of [0.6, 0.7, 1.3, 0.3]) {
        const model = modelOf(
          [1, 1, 12, 9],
          [
            {
              opType: 'Resize',
              inputs: ['x', '', 'scales'],
              outputs: ['y'],
              attributes: {
                mode: text('nearest'),
                nearest_mode: text(mode),
                coordinate_transformation_mode: text(place),
                cubic_coeff_a: float(-0.75)
              }
            }
          ],
          [tensor('scales', [4], [1, 1, scale, scale])]
        )
        expect(await compareWithOnnxruntime(model, 5), `${mode} ${scale}`).toMatchObject({ kind: 'equal' })
      }
  })
})
