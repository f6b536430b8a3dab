import { Builder } from 'flatbuffers'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import type { TfliteModel, TfliteTensor } from '@core/model/tflite/tflite'
import { decodeTflite, isTflite } from '@main/model/files/tfliteFile'
import { AppError } from '@shared/errors'
import { encodeTflite } from '../../../../support/tfliteWriter'

const tensor = (name: string, more: Partial<TfliteTensor> = {}): TfliteTensor => ({
  ...{ name, type: 'float32', dims: [1, 4], data: null, scales: [], zeros: [], axis: 0, isSparse: false },
  ...more
})

/** A graph with constants, scales per channel, an input that is left out, options of every kind and an operator of its own. */
const model: TfliteModel = {
  name: 'a graph',
  tensors: [
    tensor('image', { type: 'int8', dims: [1, 8, 8, 3], scales: [0.5], zeros: [-128] }),
    tensor('weights', {
      ...{ type: 'int8', dims: [2, 1, 1, 3], data: Uint8Array.of(1, 2, 3, 250, 251, 252) },
      ...{ scales: [0.25, 0.125], zeros: [0, 7], axis: 3 }
    }),
    tensor('größe', { type: 'int32', dims: [], data: Uint8Array.of(4, 0, 0, 0) }),
    tensor('made', { dims: [-1, 0, 2 ** 30] }),
    tensor('half', { type: 'float16' })
  ],
  operators: [
    {
      ...{ name: 'CONV_2D', isCustom: false, inputs: [0, 1, -1], outputs: [3] },
      options: {
        ...{ padding: 1, strideW: 2, strideH: 3, activation: 3 },
        ...{ dilationW: 1, dilationH: 2 }
      }
    },
    { name: 'SOFTMAX', isCustom: false, inputs: [3], outputs: [4], options: { beta: 1.5 } },
    {
      name: 'BATCH_MATMUL',
      isCustom: false,
      inputs: [3, 4],
      outputs: [0],
      options: { turnsLeft: true, turnsRight: false }
    },
    { name: 'OwnOperator', isCustom: true, inputs: [], outputs: [2], options: {} }
  ],
  inputs: [0],
  outputs: [4, 3]
}

/** A file whose root holds one graph without anything, and buffers with these fields. */
function fileWithBuffer(offset: number, size: number, more: Uint8Array): Uint8Array {
  const builder = new Builder(256)
  const vectorOf = (tables: number[]): number => {
    builder.startVector(4, tables.length, 4)
    for (const table of [...tables].reverse()) builder.addOffset(table)
    return builder.endVector()
  }
  builder.startObject(3)
  const empty = builder.endObject()
  builder.startObject(3)
  builder.addFieldInt64(1, BigInt(offset), 0n)
  builder.addFieldInt64(2, BigInt(size), 0n)
  const buffers = vectorOf([empty, builder.endObject()])
  builder.startObject(8)
  builder.addFieldInt32(2, 1, 0)
  const tensors = vectorOf([builder.endObject()])
  builder.startObject(5)
  builder.addFieldOffset(0, tensors, 0)
  const graphs = vectorOf([builder.endObject()])
  builder.startObject(5)
  builder.addFieldOffset(2, graphs, 0)
  builder.addFieldOffset(4, buffers, 0)
  builder.finish(builder.endObject(), 'TFL3')
  const file = builder.asUint8Array()
  return Uint8Array.from([...file, ...more])
}

describe('a TFLite file', () => {
  it('is known by its identifier alone', () => {
    expect(isTflite(encodeTflite(model))).toBe(true)
    expect(isTflite(new TextEncoder().encode('....TFL3'))).toBe(true)
    for (const other of ['....TFL', '...TFL3.', '....TFL2', ''])
      expect(isTflite(new TextEncoder().encode(other))).toBe(false)
  })

  it('gives back what was written', () => {
    const read = decodeTflite(encodeTflite(model))
    expect(read).toEqual(model)
    const [, , matmul, own] = read.operators
    // 126 stands in the old byte, what is above 127 in the newer field.
    expect([matmul.name, matmul.isCustom, own.name, own.isCustom]).toEqual([
      ...['BATCH_MATMUL', false, 'OwnOperator', true]
    ])
  })

  it('takes a buffer of a large file from behind its tables', () => {
    const tables = fileWithBuffer(0, 0, new Uint8Array(0)).length
    const at = (offset: number, size: number, more: number[]) =>
      decodeTflite(fileWithBuffer(offset, size, Uint8Array.from(more))).tensors[0].data
    expect(at(tables, 0, [1, 2, 3])).toBeNull()
    // An offset of 0 or 1 means that there is none.
    expect(at(1, 2, [1, 2, 3])).toBeNull()
    const longer = fileWithBuffer(1000, 2, new Uint8Array(0)).length
    expect(at(longer, 2, [7, 8, 9])).toEqual(Uint8Array.of(7, 8))
    expect(at(longer + 1, 2, [7, 8, 9])).toEqual(Uint8Array.of(8, 9))
    expect(() => at(longer + 2, 2, [7, 8, 9])).toThrow('a buffer lies outside it')
  })

  it('is refused where it names tensors that it does not have', () => {
    const changed: Partial<TfliteModel>[] = [
      { inputs: [5] },
      { outputs: [-1] },
      { operators: [{ ...model.operators[1], inputs: [5] }] },
      { operators: [{ ...model.operators[1], inputs: [-2] }] },
      { operators: [{ ...model.operators[1], outputs: [-1] }] }
    ]
    for (const change of changed)
      expect(() => decodeTflite(encodeTflite({ ...model, ...change }))).toThrow('a tensor it does not have')
    expect(decodeTflite(encodeTflite({ ...model, inputs: [4] })).inputs).toEqual([4])
  })

  it('is refused, and nothing else, wherever it is cut or a byte is another', () => {
    const whole = encodeTflite(model)
    const random = createRandom(3)
    const outcomes = new Set<string>()
    const look = (bytes: Uint8Array): void => {
      try {
        decodeTflite(bytes)
        outcomes.add('read')
      } catch (reason) {
        outcomes.add(reason instanceof AppError ? reason.code : String(reason))
      }
    }
    for (let length = 0; length < whole.length; length += 7) look(whole.subarray(0, length))
    for (let count = 0; count < 400; count++) {
      const bytes = whole.slice()
      bytes[random.integer(bytes.length)] = random.integer(256)
      look(bytes)
    }
    expect([...outcomes].sort()).toEqual(['model.invalid', 'read'])
  })
})
