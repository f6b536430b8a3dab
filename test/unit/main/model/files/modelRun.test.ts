import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as ort from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { parseNpy } from '@core/model/npyArray'
import { createOnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { int } from '@core/model/onnx/onnx'
import { parseVerbArguments, type CliContext } from '@main/cli/framework/framework'
import { modelCli } from '@main/cli/model/model'
import type { InputArrayFile } from '@main/model/data/inputArrays'
import { modelTasks } from '@main/model/modelTasks'
import { encodeOnnx } from '@main/model/files/onnxFile'
import type { PreparedFile } from '@main/model/files/runFile'
import { npyBytes } from '../../../../support/npyBytes'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench-run-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function write(name: string, bytes: Uint8Array): Promise<string> {
  const file = path.join(folder, name)
  await writeFile(file, bytes)
  return file
}

/** y = x W with W = [[1, 2], [3, 4], [5, 6]], then Softmax where asked. */
function matrixModel(options: { softmax?: boolean; heads?: boolean } = {}): Uint8Array {
  const builder = createOnnxBuilder()
  const x = builder.input('x', 'float32', ['batch', 3])
  const y = builder.node('MatMul', [x, builder.constant(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2])])
  builder.output(options.softmax === true ? builder.node('Softmax', [y], { axis: int(1) }) : y, 'scores')
  if (options.heads === true)
    builder.output(builder.node('MatMul', [x, builder.constant(Float32Array.of(1, 1, 1), [3, 1])]), 'sum')
  return encodeOnnx(builder.build('matrix'))
}

/** y = 2 a + b W with W = [[1], [10]]. */
function twoInputs(): Uint8Array {
  const builder = createOnnxBuilder()
  const a = builder.input('a', 'float32', ['batch', 1])
  const b = builder.input('b', 'float32', ['batch', 2])
  const product = builder.node('MatMul', [b, builder.constant(Float32Array.of(1, 10), [2, 1])])
  builder.output(builder.node('Add', [builder.node('Mul', [a, builder.scalar(2)]), product]), 'y')
  return encodeOnnx(builder.build('two'))
}

async function run(verb: string, ...argv: string[]) {
  const context: CliContext = {
    bitbench: () => Promise.reject(new Error('this verb needs no services')),
    log: () => undefined,
    signal: new AbortController().signal,
    stopInOrder: () => undefined,
    json: true,
    cwd: folder
  } as unknown as CliContext
  const spec = modelCli.verbs[verb]!
  const result = await spec.run(parseVerbArguments(spec, argv), context)
  return { json: JSON.parse(JSON.stringify(result.json)), text: result.text, exitCode: result.exitCode ?? 0 }
}

describe('NPY arrays', () => {
  it.each([
    ['<f4', Float32Array.of(1.5, -2)],
    ['<f8', Float64Array.of(1.5, -2)],
    ['|u1', Uint8Array.of(200, 3)],
    ['|i1', Int8Array.of(-100, 3)],
    ['<i4', Int32Array.of(-70000, 3)],
    ['<i8', BigInt64Array.of(-5n, 2n ** 40n)]
  ])('of %s are read', (descr, data) => {
    const array = parseNpy(npyBytes(descr, [2, 1], data), 'x.npy')
    expect(array.shape).toEqual([2, 1])
    expect([...array.values]).toEqual(Array.from(data as ArrayLike<number | bigint>, Number))
  })

  it('in big-endian order and of higher format versions are read', () => {
    expect([...parseNpy(npyBytes('>i4', [1], Uint8Array.of(0, 0, 1, 2)), 'x').values]).toEqual([258])
  })

  it.each([
    ['something else', Buffer.from('hello world')],
    ['text elements', npyBytes('<U3', [1], new Uint8Array(12))],
    ['too little data', npyBytes('<f4', [3], new Float32Array(2))]
  ])('with %s are refused', (_, bytes) => {
    expect(() => parseNpy(bytes, 'x.npy')).toThrow(AppError)
  })
})

describe('bitbench model check', () => {
  it('says that a network is readable and deployable', async () => {
    const { json, exitCode } = await run('check', await write('m.onnx', matrixModel()))
    expect(json).toEqual({
      readable: true,
      deployable: true,
      obstacles: [],
      outputs: ['scores'],
      output: 'scores'
    })
    expect(exitCode).toBe(0)
  })

  it('lists what stands in the way, with node, operator and hint, and ends with 1', async () => {
    const builder = createOnnxBuilder()
    builder.output(builder.node('Foo', [builder.input('x', 'float32', [1, 3])]), 'y')
    const { json, exitCode } = await run('check', await write('foo.onnx', encodeOnnx(builder.build('foo'))))
    expect(json.readable).toBe(false)
    expect(json.obstacles).toMatchObject([{ node: 'Foo_0', operator: 'Foo' }])
    expect(json.obstacles[0].hint).not.toBe('')
    expect(exitCode).toBe(1)
  })

  it('reports a file that is no network, and refuses pipes and devices', async () => {
    const { json } = await run('check', await write('text.onnx', Buffer.from('hello')))
    expect(json).toMatchObject({ readable: false, deployable: false })
    await expect(run('check', '/dev/zero')).rejects.toThrow('is a device')
  })
})

describe('bitbench model run', () => {
  it('prints the outputs of every item in float', async () => {
    const input = await write('x.npy', npyBytes('<f4', [2, 3], Float32Array.of(1, 0, 0, 1, 1, 2)))
    const { json } = await run('run', await write('m.onnx', matrixModel()), '--input', input)
    expect(json.outputs).toEqual([{ name: 'scores', shape: [2, 2], values: [1, 2, 14, 18] }])
  })

  it('applies a Softmax at the end, which the graph leaves out', async () => {
    const input = await write('one.npy', npyBytes('<f4', [3], Float32Array.of(1, 0, 0)))
    const { json } = await run(
      'run',
      await write('s.onnx', matrixModel({ softmax: true })),
      '--input',
      `x=${input}`
    )
    // softmax(1, 2) = 1 / (1 + e), e / (1 + e)
    expect(json.outputs[0].values[0]).toBeCloseTo(1 / (1 + Math.E), 6)
    expect(json.outputs[0].values[1]).toBeCloseTo(Math.E / (1 + Math.E), 6)
  })

  it('prints all outputs, or the one that is named', async () => {
    const input = await write('x.npy', npyBytes('|u1', [1, 3], Uint8Array.of(1, 2, 3)))
    const file = await write('two.onnx', matrixModel({ heads: true }))
    const all = await run('run', file, '--input', input)
    expect(all.json.outputs).toEqual([
      { name: 'scores', shape: [1, 2], values: [22, 28] },
      { name: 'sum', shape: [1, 1], values: [6] }
    ])
    expect((await run('run', file, '--input', input, '--output', 'sum')).json.outputs.length).toBe(1)
  })

  it('runs the integer reference under a scheme, close to float at 8 bits', async () => {
    const items = Float32Array.from({ length: 30 }, (_, at) => ((37 * at) % 256) / 255)
    const input = await write('x.npy', npyBytes('<f4', [10, 3], items))
    const file = await write('m.onnx', matrixModel())
    const float = (await run('run', file, '--input', input)).json.outputs[0].values as number[]
    const { json } = await run('run', file, '--input', input, '--scheme', 'int8')
    expect(json.input).toEqual({ scale: 1 / 255, zero: 128, calibratedOn: '10 items of the input' })
    for (const [at, value] of (json.outputs[0].values as number[]).entries())
      expect(Math.abs(value - float[at]!)).toBeLessThan(0.15)
  })

  it('refuses arrays of another shape and inputs of another name', async () => {
    const file = await write('m.onnx', matrixModel())
    const input = await write('bad.npy', npyBytes('<f4', [2, 4], new Float32Array(8)))
    await expect(run('run', file, '--input', input)).rejects.toThrow('The array is [2, 4]')
    await expect(run('run', file, '--input', `z=${input}`)).rejects.toThrow('no input "z"')
  })
})

describe('a network with several inputs', () => {
  it('takes an array for each, or one with all inputs behind each other', async () => {
    const file = await write('two.onnx', twoInputs())
    const a = await write('a.npy', npyBytes('<f4', [2, 1], Float32Array.of(3, 0.5)))
    const b = await write('b.npy', npyBytes('<f4', [2, 2], Float32Array.of(4, 5, 0, 1)))
    const all = await write('all.npy', npyBytes('<f4', [2, 3], Float32Array.of(3, 4, 5, 0.5, 0, 1)))
    const wanted = [{ name: 'y', shape: [2, 1], values: [60, 11] }]
    const named = await run('run', file, '--input', `b=${b}`, '--input', `a=${a}`)
    expect(named.json.outputs).toEqual(wanted)
    expect((await run('run', file, '--input', all)).json.outputs).toEqual(wanted)
  })

  it('names the input that is missing, and one it does not have', async () => {
    const file = await write('two.onnx', twoInputs())
    const a = await write('a.npy', npyBytes('<f4', [1, 1], Float32Array.of(3)))
    await expect(run('run', file, '--input', `a=${a}`)).rejects.toThrow(/"b" has no array/)
    await expect(run('run', file, '--input', `a=${a}`, '--input', `c=${a}`)).rejects.toThrow(/no input "c"/)
  })

  it('an input named twice is refused, and several arrays without names', async () => {
    const file = await write('two.onnx', twoInputs())
    await write('x.npy', npyBytes('<f4', [1, 1], Float32Array.of(3)))
    await expect(run('run', file, '--input', 'a=x.npy', '--input', 'a=x.npy')).rejects.toThrow(
      /"a" is given twice/
    )
    await expect(run('run', file, '--input', 'x.npy', '--input', 'x.npy')).rejects.toThrow(/without names/)
  })

  it('a board gets the same codes from named arrays as from one with all inputs', async () => {
    const file = await write('two.onnx', twoInputs())
    const a = await write('a.npy', npyBytes('<f4', [2, 1], Float32Array.of(3, 0.5)))
    const b = await write('b.npy', npyBytes('<f4', [2, 2], Float32Array.of(4, 5, 0, 1)))
    const all = await write('all.npy', npyBytes('<f4', [2, 3], Float32Array.of(3, 4, 5, 0.5, 0, 1)))
    const prepare = (inputs: InputArrayFile[]): Promise<PreparedFile> =>
      modelTasks['model.prepareFile']({ file, inputs, scheme: 'int8' })
    const named = await prepare([
      { name: 'b', file: b },
      { name: 'a', file: a }
    ])
    const whole = await prepare([{ name: null, file: all }])
    expect(named.codes).toEqual(whole.codes)
    // 5 is the largest value: codes of 5 / 255 from -128 on.
    expect([...named.codes]).toEqual([25, 76, 127, -102, -128, -77])
    await expect(prepare([{ name: 'a', file: a }])).rejects.toThrow(/"b" has no array/)
  })

  it.each([
    [
      [2, 3],
      [2, 3]
    ],
    [[3], [3]],
    [[1, 3], [3]],
    [
      [1, 3],
      [2, 3]
    ]
  ])('of fixed sizes %j and %j equals onnxruntime', async (left, right) => {
    const builder = createOnnxBuilder()
    const sum = builder.node('Add', [
      builder.input('a', 'float32', left),
      builder.input('b', 'float32', right)
    ])
    builder.output(sum, 'y')
    const bytes = encodeOnnx(builder.build('sum'))
    const file = await write('sum.onnx', bytes)
    const counted = (dims: number[], step: number): Float32Array =>
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, at) => step * (at + 1))
    const [a, b] = [counted(left, 1), counted(right, 100)]
    const session = await ort.InferenceSession.create(bytes)
    const feeds = { a: new ort.Tensor('float32', a, left), b: new ort.Tensor('float32', b, right) }
    const wanted = (await session.run(feeds))['y']!
    await write('left.npy', npyBytes('<f4', left, a))
    await write('right.npy', npyBytes('<f4', right, b))
    const made = await run('run', file, '--input', 'a=left.npy', '--input', 'b=right.npy')
    expect(made.json.outputs).toEqual([
      { name: 'y', shape: [...wanted.dims], values: [...(wanted.data as Float32Array)] }
    ])
  })
})
