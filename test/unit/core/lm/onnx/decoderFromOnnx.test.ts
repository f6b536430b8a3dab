import { AppError } from '@shared/errors'
import { beforeAll, describe, expect, it } from 'vitest'
import { decoderFromOnnx } from '@core/lm/onnx/decoderFromOnnx'
import { traceDecoder } from '@core/lm/onnx/traceDecoder'
import { constantOf } from '@core/model/constants/numbers'
import { float, int, type OnnxModel, type OnnxNode, type OnnxTensor } from '@core/model/onnx/onnx'
import { createRandom } from '@core/math/random'
import { onnxAccess } from '@main/model/files/onnxAccess'

/** Other spellings of the same decoder (scripts/train/decoderFixtures.py): what is read must be the same. */

let graph: OnnxModel
beforeAll(async () => {
  graph = await onnxAccess.read('test/fixtures/lm/halves.onnx')
})

type NewNode = Pick<OnnxNode, 'opType' | 'inputs' | 'outputs'> & Partial<OnnxNode>
const node = (fields: NewNode): OnnxNode => ({
  ...{ name: `${fields.opType} of ${fields.outputs[0]!}`, domain: '', attributes: {} },
  ...fields
})
const constant = (
  name: string,
  values: readonly number[],
  type: 'float32' | 'int64' = 'float32'
): OnnxTensor => ({
  ...constantOf(type, values.length === 1 ? [] : [values.length], values),
  name
})
const producer = (name: string): OnnxNode => graph.nodes.find(({ outputs }) => outputs.includes(name))!

/** The graph with every node that `change` gives others for replaced; nodes nothing reads are left out of it anyway. */
function rewritten(
  change: (one: OnnxNode) => OnnxNode[] | null,
  initializers: readonly OnnxTensor[] = []
): OnnxModel {
  let changes = 0
  const nodes = graph.nodes.flatMap((one) => {
    const others = change(one)
    if (others !== null) changes++
    return others ?? [one]
  })
  expect(changes).toBeGreaterThan(1)
  return { ...graph, nodes, initializers: [...graph.initializers, ...initializers] }
}

/** x, and the last node of a norm x * (1 / sqrt(mean(x^2) + epsilon)); null for other nodes. */
function normAt(one: OnnxNode): { x: string; inverse: OnnxNode; root: OnnxNode } | null {
  if (one.opType !== 'Mul') return null
  const [x, other] = [one.inputs[0]!, producer(one.inputs[1]!)]
  if (other?.opType !== 'Div') return null
  const root = producer(other.inputs[1]!)
  return root?.opType === 'Sqrt' ? { x, inverse: other, root } : null
}

/** x of a node x * sigmoid(x); null for other nodes. */
function siluAt(one: OnnxNode): string | null {
  if (one.opType !== 'Mul') return null
  const sigmoid = one.inputs.map(producer).find((input) => input?.opType === 'Sigmoid')
  return sigmoid === undefined ? null : sigmoid.inputs[0]!
}

/** The graph with 0 in the place of NaN behind each node of an operator. */
function guarded(opType: string): OnnxModel {
  return rewritten(
    (one) => {
      if (one.opType !== opType) return null
      const [plain, isNaN] = [`${one.outputs[0]!}.plain`, `${one.outputs[0]!}.isNaN`]
      return [
        { ...one, outputs: [plain] },
        node({ opType: 'IsNaN', inputs: [plain], outputs: [isNaN] }),
        node({ opType: 'Where', inputs: [isNaN, 'nothing', plain], outputs: one.outputs })
      ]
    },
    [constant('nothing', [0])]
  )
}

const spellings: Record<string, () => OnnxModel> = {
  'norms as one operator': () =>
    rewritten(
      (one) => {
        const found = normAt(one)
        const attributes = { axis: int(-1), epsilon: float(Math.fround(1e-5)) }
        return (
          found && [
            node({
              opType: 'SimplifiedLayerNormalization',
              inputs: [found.x, 'one'],
              outputs: one.outputs,
              attributes
            })
          ]
        )
      },
      [constant('one', [1])]
    ),
  'norms by a reciprocal': () =>
    rewritten((one) => {
      const root = one.opType === 'Div' ? producer(one.inputs[1]!) : undefined
      if (root?.opType !== 'Sqrt') return null
      return [node({ opType: 'Reciprocal', inputs: root.outputs, outputs: one.outputs })]
    }),
  'norms by a power': () =>
    rewritten(
      (one) => {
        const root = one.opType === 'Div' ? producer(one.inputs[1]!) : undefined
        if (root?.opType !== 'Sqrt') return null
        return [node({ opType: 'Pow', inputs: [root.inputs[0]!, 'power'], outputs: one.outputs })]
      },
      [constant('power', [-0.5])]
    ),
  'norms by a division, squares by a product': () =>
    rewritten((one) => {
      if (one.opType === 'Pow')
        return [node({ opType: 'Mul', inputs: [one.inputs[0]!, one.inputs[0]!], outputs: one.outputs })]
      const found = normAt(one)
      return (
        found && [node({ opType: 'Div', inputs: [found.x, found.root.outputs[0]!], outputs: one.outputs })]
      )
    }),
  'SiLU as one operator': () =>
    rewritten((one) => {
      const x = siluAt(one)
      return x === null ? null : [node({ opType: 'Swish', inputs: [x], outputs: one.outputs })]
    }),
  'SiLU as x / (1 + exp(-x))': () =>
    rewritten(
      (one) => {
        const x = siluAt(one)
        if (x === null) return null
        const [minus, power, sum] = ['minus', 'power', 'sum'].map((name) => `${one.outputs[0]!}.${name}`) as [
          string,
          string,
          string
        ]
        return [
          node({ opType: 'Neg', inputs: [x], outputs: [minus] }),
          node({ opType: 'Exp', inputs: [minus], outputs: [power] }),
          node({ opType: 'Add', inputs: ['one', power], outputs: [sum] }),
          node({ opType: 'Div', inputs: [x, sum], outputs: one.outputs })
        ]
      },
      [constant('one', [1])]
    ),
  'shares without NaN': () => guarded('Softmax'),
  'keys and values repeated by tiles': () =>
    rewritten(
      (one) =>
        one.opType === 'Expand'
          ? [node({ opType: 'Tile', inputs: [one.inputs[0]!, 'repeats'], outputs: one.outputs })]
          : null,
      [constant('repeats', [1, 1, 2, 1, 1], 'int64')]
    ),
  'keys and values repeated by a gather': () =>
    rewritten(
      (one) => {
        const spread = one.opType === 'Reshape' ? producer(one.inputs[0]!) : undefined
        if (spread?.opType !== 'Expand') return null
        const shared = producer(spread.inputs[0]!).inputs[0]!
        const attributes = { axis: int(1) }
        return [node({ opType: 'Gather', inputs: [shared, 'heads'], outputs: one.outputs, attributes })]
      },
      [constant('heads', [0, 0, 1, 1], 'int64')]
    )
}

describe('spellings of one decoder', () => {
  it.each(Object.keys(spellings))('reads %s', (name) => {
    expect(decoderFromOnnx(spellings[name]!())).toEqual(decoderFromOnnx(graph))
  })

  it('puts heads that share keys in turn next to each other', () => {
    // Heads 0 and 2 read the first keys, 1 and 3 the second: queries and columns of wo change places.
    const own = decoderFromOnnx(graph)
    const turned = decoderFromOnnx({
      ...spellings['keys and values repeated by a gather']!(),
      initializers: [...graph.initializers, constant('heads', [0, 1, 0, 1], 'int64')]
    })
    expect(turned.config).toEqual(own.config)
    const [a, b] = [own.layers[0]!, turned.layers[0]!]
    const rows = (matrix: Float32Array, head: number): number[] => [
      ...matrix.subarray(head * 64, (head + 1) * 64)
    ]
    expect([0, 1, 2, 3].map((head) => rows(b.wq, head))).toEqual([0, 2, 1, 3].map((head) => rows(a.wq, head)))
    expect([b.wk, b.wv]).toEqual([a.wk, a.wv])
    expect([...b.wo.subarray(4, 8)]).toEqual([...a.wo.subarray(8, 12)])
  })

  it.each(['Sqrt', 'Sigmoid', 'MatMul'])('refuses NaN that is replaced behind %s', (opType) => {
    expect(() => decoderFromOnnx(guarded(opType))).toThrow(
      /IsNaN.* it looks for NaN elsewhere than behind a softmax/
    )
  })

  it('reads no weights that are quantized', () => {
    const cast = rewritten((one) =>
      one.opType === 'MatMul' && graph.initializers.some(({ name }) => name === one.inputs[1])
        ? [node({ opType: 'MatMulNBits', inputs: one.inputs, outputs: one.outputs, domain: 'com.microsoft' })]
        : null
    )
    expect(() => decoderFromOnnx(cast)).toThrow(/MatMulNBits.*no such operator/)
  })

  it('refuses damaged graphs with an error of ours, or reads what they still are', () => {
    const random = createRandom(17)
    let refused = 0
    for (let trial = 0; trial < 120; trial++) {
      const at = random.integer(graph.nodes.length)
      const other = graph.nodes[random.integer(graph.nodes.length)]!
      const damage = [
        (one: OnnxNode): OnnxNode => ({ ...one, opType: other.opType }),
        (one: OnnxNode): OnnxNode => ({ ...one, inputs: one.inputs.slice(1) }),
        (one: OnnxNode): OnnxNode => ({ ...one, inputs: [...one.inputs].reverse() }),
        (one: OnnxNode): OnnxNode => ({ ...one, inputs: one.inputs.map(() => other.outputs[0]!) })
      ][trial % 4]!
      const nodes = graph.nodes.map((one, index) => (index === at ? damage(one) : one))
      try {
        decoderFromOnnx({ ...graph, nodes })
      } catch (reason) {
        expect(reason).toBeInstanceOf(AppError)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(60)
  })

  it.each(
    [
      [1, 2 ** 30],
      [1, -1],
      [1, 1.5],
      [1, 65536]
    ].map((dims) => ({ dims }))
  )('refuses a sequence of $dims with an error of ours', ({ dims }) => {
    const inputs = graph.inputs.map((value) => ({ ...value, dims }))
    expect(() => decoderFromOnnx({ ...graph, inputs })).toThrow(
      expect.objectContaining({ name: 'AppError', hint: expect.stringContaining('shorter sequence') })
    )
  })

  it('refuses norms of parts of a row, and an epsilon that is none', () => {
    const fused = (form: 'parts' | 'whole', epsilon: number): OnnxModel =>
      rewritten(
        (one) => {
          const found = normAt(one)
          if (found === null) return null
          const [cut, normed] = [`${one.outputs[0]!}.cut`, `${one.outputs[0]!}.normed`]
          const attributes = { axis: int(-1), epsilon: float(epsilon) }
          return [
            node({ opType: 'Reshape', inputs: [found.x, form], outputs: [cut] }),
            node({ opType: 'RMSNormalization', inputs: [cut, 'one'], outputs: [normed], attributes }),
            node({ opType: 'Reshape', inputs: [normed, 'whole'], outputs: one.outputs })
          ]
        },
        [
          constant('one', [1]),
          constant('parts', [1, -1, 8], 'int64'),
          constant('whole', [1, -1, 16], 'int64')
        ]
      )
    expect(decoderFromOnnx(fused('whole', 1e-5)).config).toEqual(decoderFromOnnx(graph).config)
    expect(() => decoderFromOnnx(fused('parts', 1e-5))).toThrow(/norms 8 values, .* reads 16/)
    for (const epsilon of [NaN, -1, Infinity])
      expect(() => decoderFromOnnx(fused('whole', epsilon))).toThrow(/epsilon of its norms is/)
  })

  it('refuses more values than memory holds, and joins of too many', () => {
    expect(traceDecoder(graph).fixedLength).toBeNull()
    const few = (): unknown => traceDecoder(graph, 1000)
    expect(few).toThrow(/too many to be followed/)
    expect(few).toThrow(expect.objectContaining({ code: 'model.unsupportedShape' }))
    const [logits] = graph.outputs
    const inputs = Array<string>(4000).fill(logits!.name)
    const joined = node({ opType: 'Concat', inputs, outputs: ['joined'], attributes: { axis: int(1) } })
    const outputs = [{ ...logits!, name: 'joined' }]
    expect(() => traceDecoder({ ...graph, outputs, nodes: [...graph.nodes, joined] })).toThrow(
      expect.objectContaining({ code: 'model.unsupportedShape', hint: expect.stringContaining('shorter') })
    )
  })

  it('refuses sizes that no memory holds', () => {
    const huge = rewritten(
      (one) => (one.opType === 'Expand' ? [{ ...one, inputs: [one.inputs[0]!, 'huge'] }] : null),
      [constant('huge', [1, 2, 2 ** 20, 4, 2 ** 14], 'int64')]
    )
    expect(() => decoderFromOnnx(huge)).toThrow(expect.objectContaining({ name: 'AppError' }))
  })
})
