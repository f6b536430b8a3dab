import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { int, ints, type OnnxModel } from '@core/model/onnx/onnx'
import { createOnnxBuilder, type OnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { placesByIndices } from '@core/model/constants/gatherNd'
import { importModel } from '@core/model/onnx/importOnnx'
import { createImportedRunner } from '@core/quant/runImported'
import { encodeOnnx } from '@main/model/files/onnxFile'

const [words, length, width] = [300, 4, 3]

type MaskType = 'int64' | 'bool'

/** A network of tokens and a mask: what `make` makes of the tokens' values [1, 4, 3] and of the mask as a condition [1, 4, 1]. */
function masked(
  type: MaskType,
  make: (builder: OnnxBuilder, values: string, condition: string) => string
): OnnxModel {
  const builder = createOnnxBuilder()
  const ids = builder.input('ids', 'int64', [1, length])
  const mask = builder.input('mask', type, [1, length])
  const random = createRandom(3)
  const table = Float32Array.from({ length: words * width }, () => 3 * random.normal())
  const values = builder.node('Gather', [builder.constant(table, [words, width]), ids], { axis: int(0) })
  const condition = builder.node('Cast', [mask], { to: int(9) })
  const shaped = builder.node('Reshape', [condition, builder.shape([1, length, 1])])
  builder.output(make(builder, values, shaped), 'y')
  return builder.build('masked')
}

const places = (builder: OnnxBuilder, value: number, dims: readonly number[]): string =>
  builder.constant(new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value), dims)

describe.each<MaskType>(['int64', 'bool'])('a Where by a mask of %s', (type) => {
  it.each<[string, Parameters<typeof masked>[1]]>([
    [
      'in front of a softmax',
      (b, x, c) => b.node('Softmax', [b.node('Where', [c, x, b.scalar(-1e4)])], { axis: int(1) })
    ],
    [
      'whose values are summed',
      (b, x, c) =>
        b.node('ReduceMean', [b.node('Where', [c, x, b.scalar(-1000)])], {
          axes: ints([1]),
          keepdims: int(0)
        })
    ],
    ['whose values are the output', (b, x, c) => b.node('Where', [c, b.scalar(-5000), x])],
    [
      'with a constant of more places than the rest',
      (b, x, c) =>
        b.node('Add', [
          b.node('Where', [
            c,
            b.node('ReduceMean', [x], { axes: ints([2]), keepdims: int(1) }),
            places(b, -1e5, [1, length, 2])
          ]),
          b.scalar(1)
        ])
    ],
    [
      'of the lowest numbers, whose greatest value is taken',
      (b, x, c) =>
        b.node('ReduceMax', [b.node('Where', [c, x, b.scalar(-1e9)])], { axes: ints([1]), keepdims: int(0) })
    ],
    [
      'joined with a known one, and looked up by places',
      (b, x, c) => {
        const places = b.constant(BigInt64Array.of(0n, 0n, 0n, 3n, 0n, 2n, 0n, 1n), [1, 4, 2])
        const known = b.node('Cast', [b.constant(Float32Array.of(1, 0, 1, 1), [1, 4, 1])], { to: int(9) })
        const joined = b.node('And', [known, b.node('GatherND', [c, places])])
        return b.node('Softmax', [b.node('Where', [joined, x, b.scalar(-1e4)])], { axis: int(1) })
      }
    ],
    [
      'joined with itself turned round, NaN behind the softmax replaced',
      (b, x, c) => {
        const all = b.node('Cast', [b.constant(Float32Array.of(1), [1, 1, 1])], { to: int(9) })
        const joined = b.node('And', [b.node('And', [c, c]), all])
        const shares = b.node('Softmax', [b.node('Where', [joined, x, b.scalar(-1e4)])], { axis: int(1) })
        return b.node('Where', [b.node('IsNaN', [shares]), b.scalar(0), shares])
      }
    ],
    [
      'beside NaN that is known',
      (b, x, c) => {
        const known = b.node('IsNaN', [b.constant(Float32Array.of(NaN, 1, 1, NaN), [1, length, 1])])
        return b.node('Where', [b.node('And', [c, known]), b.scalar(2), x])
      }
    ],
    [
      'with a constant on both sides',
      (b, x, c) =>
        b.node('Softmax', [b.node('Add', [x, b.node('Where', [c, b.scalar(0), b.scalar(-Infinity)])])], {
          axis: int(1)
        })
    ]
  ])('%s has the values of onnxruntime', async (_, make) => {
    const model = masked(type, make)
    const session = await ort.InferenceSession.create(encodeOnnx(model))
    const run = createImportedRunner(importModel(model))
    for (const [ids, mask] of [
      [
        [5, 299, 0, 17],
        [1, 1, 0, 1]
      ],
      [
        [1, 2, 3, 4],
        [0, 1, 0, 0]
      ]
    ] as const) {
      const whole = (list: readonly number[]): ort.Tensor =>
        new ort.Tensor('int64', BigInt64Array.from(list, BigInt), [1, length])
      const given = type === 'bool' ? new ort.Tensor('bool', Uint8Array.from(mask), [1, length]) : whole(mask)
      const wanted = (await session.run({ ids: whole(ids), mask: given }))['y']!
      const found = run([...ids, ...mask])
      expect(found.dims).toEqual(wanted.dims)
      for (const [at, value] of (wanted.data as Float32Array).entries())
        expect(found.values[at]).toBeCloseTo(value, 2)
    }
    await session.release()
  })
})

describe('what no integer network gives', () => {
  it.each<[string, string, Parameters<typeof masked>[1]]>([
    [
      'NaN of a square root that is replaced',
      'it looks for NaN elsewhere than behind a softmax',
      (b, x) => {
        const root = b.node('Sqrt', [x])
        return b.node('Where', [b.node('IsNaN', [root]), b.scalar(7), root])
      }
    ],
    [
      'places outside',
      'its indices lie outside [1, 4, 1]',
      (b, _, c) => b.node('GatherND', [c, b.constant(BigInt64Array.of(0n, 4n), [1, 2])])
    ],
    [
      'more axes than there are',
      'its indices have 4 numbers each, for a tensor of 3 axes',
      (b, _, c) => b.node('GatherND', [c, b.constant(new BigInt64Array(4), [1, 4])])
    ],
    [
      'nothing',
      'nothing is left of the tensor',
      (b, _, c) => b.node('GatherND', [c, b.constant(new BigInt64Array(0), [0, 2])])
    ]
  ])('%s is refused', (_, message, make) => {
    expect(() => importModel(masked('int64', make))).toThrow(message)
  })

  it('places of the first item of a fixed batch are not taken for those of every item', () => {
    const builder = createOnnxBuilder()
    const x = builder.input('x', 'float32', [2, 4])
    const places = builder.constant(BigInt64Array.of(0n, 1n, 0n, 3n), [1, 2, 2])
    builder.output(builder.node('GatherND', [x, places]), 'y')
    const imported = importModel(builder.build('batch'))
    expect(imported.input.fileDims).toEqual([2, 4])
    expect([...createImportedRunner(imported)([10, 11, 12, 13, 20, 21, 22, 23]).values]).toEqual([11, 13])
  })

  it('more places than are worked out at import are refused before memory is taken', () => {
    const node = { name: 'g', opType: 'GatherND', domain: '', inputs: [], outputs: [], attributes: {} }
    const indices = { name: '', dims: [4, 1], data: new BigInt64Array(4) }
    expect(() => placesByIndices(node, [2, 2 ** 25], indices)).toThrow('is not worked out at import')
    const items = { ...node, attributes: { batch_dims: int(1) } }
    expect(() => placesByIndices(items, [4, 2], indices)).toThrow('it goes item by item')
  })
})
