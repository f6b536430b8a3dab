import { describe, expect, it } from 'vitest'
import { importOnnx, readOnnx } from '@core/model/onnx/importOnnx'
import { int, ints, text, type OnnxModel, type OnnxNode, type OnnxTensor } from '@core/model/onnx/onnx'
import { boardSchemeOf, exportedScheme, schemeKey, schemeOf } from '@core/quant/scheme'
import { createImportedRunner } from '@core/quant/runImported'
import { exportedText, presentExported } from '@main/model/files/presentExported'

const scalar = (name: string, value: number): OnnxTensor => ({ name, dims: [], data: Float32Array.of(value) })
const codes = (name: string, dims: number[], data: OnnxTensor['data']): OnnxTensor => ({ name, dims, data })

type Draft = Partial<OnnxNode> & { opType: string; inputs: string[]; outputs: string[] }

function model(nodes: Draft[], initializers: OnnxTensor[], dims: number[]): OnnxModel {
  return {
    name: 'quantized',
    opset: 13,
    nodes: nodes.map((node, at) => ({ name: `n${at}`, domain: '', attributes: {}, ...node })),
    initializers,
    inputs: [{ name: 'x', elementType: 'float32', dims }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, elementType: 'float32', dims: null }],
    metadata: {}
  }
}

const tensor = (name: string, value: number): OnnxNode['attributes'][string] => ({
  kind: 'tensor',
  value: { name, dims: [], data: Float32Array.of(value) }
})
const run = (made: OnnxModel, input: number[]): number[] => {
  const { imported, obstacles } = readOnnx(made)
  expect(obstacles).toEqual([])
  return [...createImportedRunner(imported!)(input).values]
}

describe('the scheme a file was exported with', () => {
  const qonnx = (weightBits: number, activationBits: number): OnnxModel =>
    model(
      [
        { opType: 'Quant', domain: 'onnx.brevitas', inputs: ['w1', 'half', 'none', 'wb'], outputs: ['q1'] },
        { opType: 'MatMul', name: 'first', inputs: ['x', 'q1'], outputs: ['m'] },
        { opType: 'Relu', inputs: ['m'], outputs: ['r'] },
        {
          opType: 'Quant',
          domain: 'onnx.brevitas',
          inputs: ['r', 'half', 'none', 'ab'],
          outputs: ['a'],
          attributes: { signed: int(0) }
        },
        { opType: 'Quant', domain: 'onnx.brevitas', inputs: ['w2', 'half', 'none', 'wb'], outputs: ['q2'] },
        { opType: 'MatMul', name: 'second', inputs: ['a', 'q2'], outputs: ['y'] }
      ],
      [
        codes('w1', [1, 2], Float32Array.of(1, -1)),
        codes('w2', [2, 1], Float32Array.of(0.5, 0.5)),
        scalar('half', 0.5),
        scalar('none', 0),
        scalar('wb', weightBits),
        scalar('ab', activationBits)
      ],
      [1, 1]
    )

  it('keeps bits of Quant nodes as they are; the first input stays at 8 and boards take 3 up to 4', () => {
    const graph = importOnnx(qonnx(3, 2))
    expect(schemeKey(exportedScheme(graph))).toBe('w3a8,w3a2')
    expect(schemeKey(boardSchemeOf('exported', graph))).toBe('w4a8,w4a2')
    expect(schemeKey(boardSchemeOf('w3a2', graph))).toBe('w3a8,w3a2')
    expect(graph.exported).toMatchObject([
      { layer: 'first', weights: { bits: 3, scales: [0.5], zero: 0 }, activations: null },
      { layer: 'second', weights: { bits: 3 }, activations: { bits: 2, scales: [0.5] } }
    ])
    expect(exportedText(presentExported(graph)!)).toEqual([
      'as exported: w3a8,w3a2 (--scheme exported)',
      '  activations are real numbers within the range of their codes: rounding to 16 steps or more, by up to half of the scale each, is left out',
      '  first: weights 3 bits, scale 0.5000; input not given',
      '  second: weights 3 bits, scale 0.5000; input 2 bits, scale 0.5000'
    ])
  })

  it('keeps the steps of coarse activations: 2 bits of 0.5 are 0, 0.5, 1, 1.5', () => {
    // second = 0.5 * quant(relu(x)) + 0.5 * quant(relu(-x)); 0.8 / 0.5 rounds to 2 steps, 9 is cut to 3.
    expect(run(qonnx(3, 2), [0.8])).toEqual([0.5])
    expect(run(qonnx(3, 2), [9])).toEqual([0.75])
    // 8 bits: only the limit is kept.
    expect(run(qonnx(3, 8), [0.8])[0]).toBeCloseTo(0.4, 6)
  })

  it('is refused for a file without bits', () => {
    const plain = importOnnx(
      model(
        [{ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
        [codes('w', [1, 1], Float32Array.of(1))],
        [1, 1]
      )
    )
    expect(plain.exported).toBeUndefined()
    expect(() => schemeOf('exported', plain)).toThrow(/not quantized/)
    expect(schemeKey(schemeOf('w4a4', plain))).toBe('w4a8')
  })

  it('reads QDQ: per-channel scales, the zero of the input', () => {
    const made = model(
      [
        { opType: 'QuantizeLinear', inputs: ['x', 'xs', 'xz'], outputs: ['xq'] },
        { opType: 'DequantizeLinear', inputs: ['xq', 'xs', 'xz'], outputs: ['xd'] },
        {
          opType: 'DequantizeLinear',
          inputs: ['wq', 'ws', 'wz'],
          outputs: ['w'],
          attributes: { axis: int(0) }
        },
        { opType: 'Gemm', name: 'layer', inputs: ['xd', 'w'], outputs: ['y'], attributes: { transB: int(1) } }
      ],
      [
        scalar('xs', 0.25),
        codes('xz', [], Uint8Array.of(128)),
        codes('wq', [2, 1], Int8Array.of(3, -5)),
        codes('ws', [2], Float32Array.of(0.5, 0.125)),
        codes('wz', [2], Int8Array.of(0, 0))
      ],
      [1, 1]
    )
    expect(importOnnx(made).exported).toEqual([
      {
        layer: 'layer',
        weights: { bits: 8, scales: [0.5, 0.125], zero: 0 },
        activations: { bits: 8, scales: [0.25], zero: 128 }
      }
    ])
  })

  it('reads QLinearConv: its operands carry their scales', () => {
    const made = model(
      [
        { opType: 'QuantizeLinear', inputs: ['x', 's', 'z'], outputs: ['q'] },
        {
          opType: 'QLinearConv',
          name: 'conv',
          inputs: ['q', 's', 'z', 'w', 's', 'wz', 's', 'z'],
          outputs: ['c']
        },
        { opType: 'DequantizeLinear', inputs: ['c', 's', 'z'], outputs: ['y'] }
      ],
      [
        scalar('s', 0.5),
        codes('z', [], Uint8Array.of(7)),
        codes('w', [1, 1, 1, 1], Int8Array.of(4)),
        codes('wz', [], Int8Array.of(0))
      ],
      [1, 1, 2, 2]
    )
    expect(importOnnx(made).exported).toMatchObject([
      { layer: 'conv', weights: { bits: 8, scales: [0.5] }, activations: { bits: 8, scales: [0.5], zero: 7 } }
    ])
  })
})

describe('networks of integers', () => {
  const requant = (levels: number, signed: number): OnnxModel =>
    model(
      [
        { opType: 'MatMul', name: 'first', inputs: ['x', 'w'], outputs: ['m'] },
        {
          opType: 'RequantShift',
          domain: 'PACTOps',
          inputs: ['m', 'mul', 'add'],
          outputs: ['r'],
          attributes: {
            div: tensor('d', 16),
            n_levels_out: tensor('n', levels),
            signed: tensor('s', signed)
          }
        },
        { opType: 'MatMul', name: 'second', inputs: ['r', 'w'], outputs: ['y'] }
      ],
      [codes('w', [1, 1], Float32Array.of(7)), codes('mul', [1], Float32Array.of(3)), scalar('add', 8)],
      [1, 1]
    )

  it('RequantShift of many levels is its mean: (7x * 3 + 8) / 16 - 0.5, limited to 0..255', () => {
    expect(run(requant(256, 0), [10])[0]).toBeCloseTo(7 * (218 / 16 - 0.5), 4)
    expect(run(requant(256, 0), [-10])).toEqual([0])
    expect(run(requant(256, 0), [1000])).toEqual([7 * 255])
  })

  it('RequantShift of 4 signed levels keeps its floor and limits -2..1', () => {
    // (21 + 8) / 16 = 1.8
    expect(run(requant(4, 1), [1])).toEqual([7])
    expect(run(requant(4, 1), [-1])).toEqual([-7])
    expect(run(requant(4, 1), [-100])).toEqual([-14])
  })

  it('weights have the fewest bits that hold them, inputs those of the levels', () => {
    expect(schemeKey(exportedScheme(importOnnx(requant(16, 0))))).toBe('w4a8,w4a4')
  })

  it('a cast to integers behind a division is taken out with it, one without a limit cuts', () => {
    const casts = (limit: Draft[]): OnnxModel =>
      model(
        [
          { opType: 'MatMul', name: 'layer', inputs: ['x', 'w'], outputs: ['m'] },
          { opType: 'Cast', inputs: ['m'], outputs: ['i'], attributes: { to: int(7) } },
          { opType: 'Div', inputs: ['i', 'two'], outputs: ['d'] },
          { opType: 'Cast', inputs: ['d'], outputs: ['f'], attributes: { to: int(1) } },
          ...limit
        ],
        [codes('w', [1, 1], Float32Array.of(1)), scalar('two', 2), scalar('low', 0), scalar('high', 255)],
        [1, 1]
      )
    const clip: Draft = { opType: 'Clip', inputs: ['f', 'low', 'high'], outputs: ['y'] }
    expect(run(casts([]), [7.5])).toEqual([3])
    expect(run(casts([]), [-7.5])).toEqual([-3])
    // 7 / 2 with both cuts replaced by their means: (7 - 0.5) / 2 - 0.5
    expect(run(casts([clip]), [7])[0]).toBeCloseTo(2.75, 6)
  })

  it.each(['int32', 'int64'] as const)('an input of %s is divided as integers, also moved', (elementType) => {
    const two: OnnxTensor = {
      name: 'two',
      dims: [],
      data: elementType === 'int32' ? Int32Array.of(2) : BigInt64Array.of(2n)
    }
    const made = model(
      [
        { opType: 'Transpose', inputs: ['x'], outputs: ['t'] },
        { opType: 'Div', inputs: ['t', 'two'], outputs: ['d'] },
        { opType: 'Cast', inputs: ['d'], outputs: ['y'], attributes: { to: int(1) } }
      ],
      [two],
      [1, 3]
    )
    const inputs = made.inputs.map((input) => ({ ...input, elementType }))
    // Towards 0: 3 / 2, 5 / 2, -7 / 2
    expect(run({ ...made, inputs }, [3, 5, -7])).toEqual([1, 2, -3])
    expect(run(made, [3, 5, -7])).toEqual([1.5, 2.5, -3.5])
  })

  it('a mean of integers is cut towards 0', () => {
    const made = model(
      [
        { opType: 'Cast', inputs: ['x'], outputs: ['i'], attributes: { to: int(6) } },
        { opType: 'ReduceMean', inputs: ['i'], outputs: ['m'], attributes: { axes: ints([1]) } },
        { opType: 'Cast', inputs: ['m'], outputs: ['y'], attributes: { to: int(1) } }
      ],
      [],
      [1, 3]
    )
    // -8.5, -3 and 0.5 become -8, -3 and 0: a third of -11
    expect(run(made, [-8.5, -3, 0.5])).toEqual([-3])
  })

  it('BipolarQuant of a value is its scale with the sign, 0 counting as positive', () => {
    const made = model(
      [
        { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
        { opType: 'BipolarQuant', domain: 'qonnx.custom_op.general', inputs: ['m', 's'], outputs: ['y'] }
      ],
      [codes('w', [1, 3], Float32Array.of(2, -2, 0)), scalar('s', 0.5)],
      [1, 1]
    )
    expect(run(made, [1])).toEqual([0.5, -0.5, 0.5])
  })
})

it('the fused operators of onnxruntime are what they were before', () => {
  const made = model(
    [
      {
        opType: 'FusedGemm',
        domain: 'com.microsoft',
        inputs: ['x', 'w', 'b'],
        outputs: ['g'],
        attributes: { activation: text('Relu') }
      },
      { opType: 'QuickGelu', domain: 'com.microsoft', inputs: ['g'], outputs: ['y'] }
    ],
    [codes('w', [1, 2], Float32Array.of(1, -1)), codes('b', [2], Float32Array.of(0, 0))],
    [1, 1]
  )
  // 1 * sigmoid(1.702), and relu(-1) = 0
  const [up, down] = run(made, [1])
  expect(up).toBeCloseTo(1 / (1 + Math.exp(-1.702)), 6)
  expect(down).toBe(0)
})
