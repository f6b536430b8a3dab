import onnxProto from 'onnx-proto'
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { createImportedRunner } from '@core/quant/runImported'
import { decodeForRewriting, decodeOnnx, encodeOnnx } from '@main/model/files/onnxFile'
import { AppError } from '@shared/errors'

const { onnx } = onnxProto
const [floatType, floatAttribute, graphAttribute] = [1, 1, 5]

const node = (opType: string, input: string[], output: string[], more: object = {}) => ({
  opType,
  input,
  output,
  ...more
})
const value = (name: string, size: number) => ({
  name,
  type: { tensorType: { elemType: floatType, shape: { dim: [{ dimValue: 1 }, { dimValue: size }] } } }
})
const opsets = [
  { domain: '', version: 17 },
  { domain: 'my', version: 1 }
]
const tensor = (name: string, dims: number[], floatData: number[]) => ({ name, dims, dataType: 1, floatData })

/** Field `number` of a message, as bytes behind their length. */
function field(number: number, bytes: Uint8Array): number[] {
  const varint = (whole: number): number[] =>
    whole < 128 ? [whole] : [(whole & 127) | 128, ...varint(whole >> 7)]
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes]
}

interface OwnFunction {
  name: string
  input: string[]
  output: string[]
  node: object[]
  attribute?: string[]
  /** Attributes with a value of their own (attribute_proto, which onnx-proto does not know). */
  defaults?: object[]
  version?: number
}

/** The bytes of a model with functions of its own. */
function fileOf(graph: object, functions: OwnFunction[]): Uint8Array {
  const model = { irVersion: 9, opsetImport: opsets, graph: { name: 'g', input: [value('x', 4)], ...graph } }
  const bytes = [...onnx.ModelProto.encode(onnx.ModelProto.fromObject(model)).finish()]
  for (const { defaults = [], version = 17, ...one } of functions) {
    const imports = [{ domain: '', version }, opsets[1]]
    const made = onnx.FunctionProto.fromObject({ domain: 'my', opsetImport: imports, ...one })
    const own = [...onnx.FunctionProto.encode(made).finish()]
    for (const attribute of defaults)
      own.push(...field(11, onnx.AttributeProto.encode(onnx.AttributeProto.fromObject(attribute)).finish()))
    bytes.push(...field(25, Uint8Array.from(own)))
  }
  return Uint8Array.from(bytes)
}

const input = Float32Array.of(-2, -0.5, 0.25, 3)

/** The first output by onnxruntime, from the very bytes. */
async function byOnnxruntime(bytes: Uint8Array): Promise<number[]> {
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled' })
  const results = await session.run({ x: new ort.Tensor('float32', input, [1, 4]) })
  return [...(results[session.outputNames[0]!]!.data as Float32Array)]
}

function byImporter(bytes: Uint8Array): number[] {
  const { imported, obstacles } = readOnnx(decodeOnnx(bytes))
  expect(obstacles).toEqual([])
  return [...createImportedRunner(imported!)(input).values]
}

async function expectEqual(bytes: Uint8Array): Promise<number[]> {
  const wanted = await byOnnxruntime(bytes)
  expect(byImporter(bytes)).toEqual(wanted.map((number) => expect.closeTo(number, 5) as number))
  return wanted
}

const silu: OwnFunction = {
  name: 'Silu',
  input: ['u'],
  output: ['v'],
  node: [node('Sigmoid', ['u'], ['s']), node('Mul', ['u', 's'], ['v'])]
}
const slope = (name: string) => ({ name, refAttrName: 'slope', type: floatAttribute })
const leaky: OwnFunction = {
  name: 'Leaky',
  input: ['u'],
  output: ['v'],
  attribute: ['slope'],
  node: [node('LeakyRelu', ['u'], ['v'], { attribute: [slope('alpha')] })]
}

describe('functions that a model brings along', () => {
  it('are their operators, each call with values of its own', async () => {
    const calls = [
      node('Silu', ['x'], ['a'], { domain: 'my' }),
      node('Silu', ['a'], ['b'], { domain: 'my' }),
      node('Add', ['a', 'b'], ['y'])
    ]
    const wanted = await expectEqual(fileOf({ node: calls, output: [value('y', 4)] }, [silu]))
    // x * sigmoid(x) of 3 is 2.85772, of that again 2.7026.
    expect(wanted[3]).toBeCloseTo(2.85772 + 2.7026, 4)
  })

  it('take the attributes of the call, their own where it gives none, and 0 where it is 0', async () => {
    const given = (f: number) => ({ domain: 'my', attribute: [{ name: 'slope', type: floatAttribute, f }] })
    const graph = (more: object) => ({ node: [node('Leaky', ['x'], ['y'], more)], output: [value('y', 4)] })
    const own = { ...leaky, attribute: [], defaults: [{ name: 'slope', type: floatAttribute, f: 0.5 }] }
    expect(await expectEqual(fileOf(graph(given(0.25)), [leaky]))).toEqual([-0.5, -0.125, 0.25, 3])
    expect(await expectEqual(fileOf(graph({ domain: 'my' }), [own]))).toEqual([-1, -0.25, 0.25, 3])
    expect(byImporter(fileOf(graph(given(0)), [own]))).toEqual(
      [0, 0, 0.25, 3].map((one) => expect.closeTo(one))
    )
  })

  it('call functions, pass inputs on (which onnxruntime refuses), and leave outputs out', () => {
    const both: OwnFunction = {
      name: 'Both',
      input: ['u', 'w'],
      output: ['v', 'u', 'z'],
      node: [
        node('Silu', ['u'], ['s'], { domain: 'my' }),
        node('Add', ['s', 'w'], ['v']),
        node('Neg', ['s'], ['z'])
      ]
    }
    const calls = [
      node('Both', ['x', 'k'], ['a', 'same'], { domain: 'my' }),
      node('Sub', ['a', 'same'], ['y'])
    ]
    const initializer = [tensor('k', [1, 4], [1, 2, 3, 4])]
    // x * sigmoid(x) + k - x
    const wanted = [2.761594, 2.31123, 2.890544, 3.857722].map((one) => expect.closeTo(one, 5) as number)
    expect(byImporter(fileOf({ node: calls, initializer, output: [value('y', 4)] }, [silu, both]))).toEqual(
      wanted
    )
  })

  it('are written as operators where a network is written again', async () => {
    const graph = { node: [node('Silu', ['x'], ['y'], { domain: 'my' })], output: [value('y', 4)] }
    const bytes = fileOf(graph, [silu])
    expect(await byOnnxruntime(encodeOnnx(decodeForRewriting(bytes)))).toEqual(await byOnnxruntime(bytes))
  })

  it('are refused by name where they cannot be put in place', () => {
    const graph = { node: [node('Silu', ['x'], ['y'], { domain: 'my' })], output: [value('y', 4)] }
    const refusalOf = (functions: OwnFunction[]): AppError => {
      try {
        decodeOnnx(fileOf(graph, functions))
      } catch (reason) {
        return AppError.from(reason)
      }
      throw new Error('read')
    }
    expect(refusalOf([{ ...silu, version: 9 }]).message).toContain('"Silu" of the model is of opset 9')
    expect(refusalOf([silu, silu]).message).toContain('several forms')
    const endless = { ...silu, node: [node('Silu', ['u'], ['v'], { domain: 'my' })] }
    expect(refusalOf([endless]).message).toContain('"Silu" calls itself')
    const twice = (name: string, inner: string): OwnFunction => ({
      name,
      input: ['u'],
      output: ['v'],
      node: [node(inner, ['u'], ['s'], { domain: 'my' }), node(inner, ['s'], ['v'], { domain: 'my' })]
    })
    const bomb = [...Array(30).keys()].map((level) =>
      twice(level === 0 ? 'Silu' : `f${level}`, `f${level + 1}`)
    )
    expect(refusalOf([...bomb, { ...silu, name: 'f30' }]).message).toContain('more than 50000 operators')
  })
})

describe('branches of an If', () => {
  const condition = (whole: number) => ({ name: 'c', dims: [], dataType: 9, int32Data: [whole] })
  const branch = (name: string, opType: string, factor: number) => ({
    name,
    type: graphAttribute,
    g: {
      name,
      node: [node(opType, ['a'], ['b']), node('Mul', ['b', 'k'], ['o'])],
      initializer: [tensor('k', [], [factor])],
      output: [{ name: 'o', type: { tensorType: { elemType: floatType } } }]
    }
  })
  const attribute = [branch('then_branch', 'Relu', 2), branch('else_branch', 'Neg', 3)]

  it('are read where the condition is known, values from around them included', async () => {
    for (const [whole, wanted] of [
      [1, [0, 0, 0.5, 6]],
      [0, [6, 1.5, -0.75, -9]]
    ] as const) {
      const bytes = fileOf(
        {
          node: [node('Identity', ['x'], ['a']), node('If', ['c'], ['y'], { attribute })],
          initializer: [condition(whole)],
          output: [value('y', 4)]
        },
        []
      )
      expect(await expectEqual(bytes)).toEqual(wanted)
    }
  })

  it('are read where sizes decide, twice with the same names', async () => {
    const shape = (name: string, values: number[]) => ({
      name,
      dims: [values.length],
      dataType: 7,
      int64Data: values
    })
    const nodes = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'one'], ['d']),
      node('Equal', ['d', 'four'], ['e']),
      node('Squeeze', ['e'], ['c']),
      node('Identity', ['x'], ['a']),
      node('If', ['c'], ['y1'], { attribute }),
      node('If', ['c'], ['y2'], { attribute }),
      node('Add', ['y1', 'y2'], ['y'])
    ]
    const initializer = [shape('one', [1]), shape('four', [4])]
    const bytes = fileOf({ node: nodes, initializer, output: [value('y', 4)] }, [])
    expect(await expectEqual(bytes)).toEqual([0, 0, 1, 12])
  })

  it('do not leave a Softmax out that they read from outside', async () => {
    const nodes = [
      node('Softmax', ['x'], ['p'], { attribute: [{ name: 'axis', type: 2, i: 1 }] }),
      node('Identity', ['p'], ['a']),
      node('If', ['c'], ['y'], { attribute })
    ]
    const bytes = fileOf({ node: nodes, initializer: [condition(1)], output: [value('y', 4)] }, [])
    await expectEqual(bytes)
  })

  it('are taken by their own condition alone where Ifs leave their first output out', () => {
    const two = (name: string, opType: string) => {
      const one = branch(name, opType, 2)
      return { ...one, g: { ...one.g, output: [{ name: 'b' }, ...one.g.output] } }
    }
    const branches = [two('then_branch', 'Relu'), two('else_branch', 'Neg')]
    const read = (first: string) =>
      readOnnx(
        decodeOnnx(
          fileOf(
            {
              node: [
                node('ReduceMax', ['x'], ['m'], { attribute: [{ name: 'keepdims', type: 2, i: 0 }] }),
                node('Greater', ['m', 'zero'], ['unknown']),
                node('Identity', ['x'], ['a']),
                node('If', ['c'], ['', 'y1'], { attribute: branches }),
                node('If', [first], ['', 'y2'], { name: 'choose', attribute: branches }),
                node('Add', ['y1', 'y2'], ['y'])
              ],
              initializer: [condition(1), tensor('zero', [], [0])],
              output: [value('y', 4)]
            },
            []
          )
        )
      )
    expect(read('unknown').obstacles.map((one) => one.node)).toEqual(['choose'])
    // Twice 2 relu(x).
    expect([...createImportedRunner(read('c').imported!)(input).values]).toEqual([0, 0, 1, 12])
  })

  it('are refused where values decide, with what helps', () => {
    const nodes = [
      node('ReduceMax', ['x'], ['m'], { attribute: [{ name: 'keepdims', type: 2, i: 0 }] }),
      node('Greater', ['m', 'zero'], ['c']),
      node('Identity', ['x'], ['a']),
      node('If', ['c'], ['y'], { name: 'choose', attribute })
    ]
    const initializer = [tensor('zero', [], [0])]
    const { obstacles } = readOnnx(
      decodeOnnx(fileOf({ node: nodes, initializer, output: [value('y', 4)] }, []))
    )
    expect(obstacles).toHaveLength(1)
    expect(obstacles[0]).toMatchObject({ node: 'choose', operator: 'If' })
    expect(obstacles[0]!.message).toContain('its condition depends on the values of the input')
    expect(obstacles[0]!.hint).toContain('torch.where')
  })
})

describe('tensors stored sparsely', () => {
  const values = (name: string) => tensor(name, [3], [1, 2, 3])
  const matrix = (indices: object) => ({
    sparseInitializer: [
      { values: values('w'), indices: { name: 'i', dataType: 7, ...indices }, dims: [4, 2] }
    ],
    node: [node('MatMul', ['x', 'w'], ['y'])],
    output: [value('y', 2)]
  })

  it('are read in full: by one place per value, and by an index per axis', async () => {
    // [[1, 0], [0, 0], [2, 0], [0, 3]] times [-2, -0.5, 0.25, 3].
    const wanted = [-1.5, 9]
    expect(byImporter(fileOf(matrix({ dims: [3], int64Data: [0, 4, 7] }), []))).toEqual(wanted)
    expect(byImporter(fileOf(matrix({ dims: [3, 2], int64Data: [0, 0, 2, 0, 3, 1] }), []))).toEqual(wanted)
    await expectEqual(fileOf(matrix({ dims: [3], int64Data: [0, 4, 7] }), []))
  })

  it('are read as the value of a Constant', async () => {
    const sparseTensor = {
      values: values(''),
      indices: { dataType: 7, dims: [3], int64Data: [0, 1, 3] },
      dims: [4]
    }
    const attribute = [{ name: 'sparse_value', type: 11, sparseTensor }]
    const nodes = [node('Constant', [], ['k'], { attribute }), node('Mul', ['x', 'k'], ['y'])]
    expect(await expectEqual(fileOf({ node: nodes, output: [value('y', 4)] }, []))).toEqual([-2, -1, 0, 9])
  })

  it('are refused where they do not fit', () => {
    const refused = (indices: object) => () => decodeOnnx(fileOf(matrix(indices), []))
    expect(refused({ dims: [3], int64Data: [0, 4, 8] })).toThrow('has a value at 8')
    expect(refused({ dims: [3], int64Data: [0, -1, 7] })).toThrow('has a value at -1')
    expect(refused({ dims: [2], int64Data: [0, 4] })).toThrow('3 values and 2 indices')
    // [0, 2] would be the place of [1, 0].
    expect(refused({ dims: [3, 2], int64Data: [0, 2, 2, 0, 3, 1] })).toThrow('has a value at 0, 2')
  })
})
