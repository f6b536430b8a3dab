import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import onnxProto from 'onnx-proto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { modelContentId } from '@main/model/files/modelContentId'
import { isLargeNetwork } from '@main/model/files/readNetwork'
import { readForRewriting, readModelFile } from '@main/model/files/readModelFile'

const { onnx } = onnxProto

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench-onnx-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A file with one initializer and one node that reads it. */
function fileWith(tensor: Record<string, unknown>): Uint8Array {
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 13 }],
      graph: {
        name: 'g',
        node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }],
        initializer: [{ name: 'w', ...tensor }],
        input: [{ name: 'x' }],
        output: [{ name: 'y' }]
      }
    })
  ).finish()
}

async function write(name: string, bytes: Uint8Array): Promise<string> {
  const file = path.join(folder, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, bytes)
  return file
}

const weightsOf = async (file: string): Promise<number[]> =>
  Array.from((await readModelFile(file)).model.initializers[0]!.data as ArrayLike<number>, Number)

const external = (location: string, offset?: number, length?: number) => ({
  dims: [2],
  dataType: 1,
  dataLocation: 1,
  externalData: [
    { key: 'location', value: location },
    ...(offset === undefined ? [] : [{ key: 'offset', value: String(offset) }]),
    ...(length === undefined ? [] : [{ key: 'length', value: String(length) }])
  ]
})

const refusal = async (file: string): Promise<AppError> => {
  try {
    await readModelFile(file)
  } catch (error) {
    return AppError.from(error)
  }
  throw new Error('nothing was thrown')
}

describe('reading an ONNX file', () => {
  it('widens half precision: 1, -2, the smallest subnormal 2^-24, the largest 65504', async () => {
    const rawData = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff).buffer)
    const file = await write('half.onnx', fileWith({ dims: [4], dataType: 10, rawData }))
    expect(await weightsOf(file)).toEqual([1, -2, 2 ** -24, 65504])
    const listed = await write(
      'halves.onnx',
      fileWith({ dims: [2], dataType: 10, int32Data: [0x3800, 0x4248] })
    )
    expect(await weightsOf(listed)).toEqual([0.5, 3.140625])
  })

  it('reads bfloat16 (1 and -3) and 16-bit integers', async () => {
    const brain = new Uint8Array(Uint16Array.of(0x3f80, 0xc040).buffer)
    expect(
      await weightsOf(await write('bf.onnx', fileWith({ dims: [2], dataType: 16, rawData: brain })))
    ).toEqual([1, -3])
    const unsigned = new Uint8Array(Uint16Array.of(65535, 1).buffer)
    expect(
      await weightsOf(await write('u16.onnx', fileWith({ dims: [2], dataType: 4, rawData: unsigned })))
    ).toEqual([65535, 1])
    const signed = new Uint8Array(Int16Array.of(-5, 7).buffer)
    expect(
      await weightsOf(await write('i16.onnx', fileWith({ dims: [2], dataType: 5, rawData: signed })))
    ).toEqual([-5, 7])
  })

  it('has one id however it is read, with data of several slices', async () => {
    const data = Buffer.alloc(9 * 2 ** 20, 'weights')
    await write('large/f.data', data)
    const file = await write('large/f.onnx', fileWith(external('f.data', 4, 8)))
    const { id } = await readModelFile(file)
    expect(await modelContentId(file)).toBe(id)
    data[data.length - 1]! ^= 1
    await write('large/f.data', data)
    expect(await modelContentId(file)).not.toBe(id)
  })

  it('takes weights from the data file beside it, from the stated offset', async () => {
    await write('ext/f.data', new Uint8Array(Float32Array.of(9, 1.5, -2).buffer))
    const file = await write('ext/f.onnx', fileWith(external('f.data', 4, 8)))
    expect(await weightsOf(file)).toEqual([1.5, -2])
    expect((await readForRewriting(file)).initializers[0]!.data).toEqual(Float32Array.of(1.5, -2))
    const first = await readModelFile(file)
    expect(first.sizeBytes).toBeGreaterThan(12)
    expect(first.files.map(({ path: read }) => read)).toEqual([file, path.join(folder, 'ext/f.data')])
    expect(await isLargeNetwork(file)).toBe(true)
    expect(await modelContentId(file)).toBe(first.id)
    // Other weights under the same .onnx file are another network.
    await write('ext/f.data', new Uint8Array(Float32Array.of(9, 1.5, -3).buffer))
    expect((await readModelFile(file)).id).not.toBe(first.id)
  })

  it.each([
    ['leaves the folder', '../secret.data'],
    ['is absolute', '/etc/passwd'],
    ['is the folder itself', '.'],
    ['is empty', '']
  ])('refuses data whose path %s', async (_, location) => {
    await write('secret.data', new Uint8Array(8))
    const error = await refusal(await write('jail/f.onnx', fileWith(external(location))))
    expect(error.code).toBe('model.invalid')
    expect(error.message).toContain('outside its own folder')
  })

  it('refuses a link that leads out of the folder, and data that is missing or too short', async () => {
    await write('outside.data', new Uint8Array(8))
    await mkdir(path.join(folder, 'linked'), { recursive: true })
    await symlink(path.join(folder, 'outside.data'), path.join(folder, 'linked/f.data'))
    const linked = await refusal(await write('linked/f.onnx', fileWith(external('f.data'))))
    expect(linked.message).toContain('outside its own folder')
    const missing = await refusal(await write('gone/f.onnx', fileWith(external('f.data'))))
    expect(missing.code).toBe('data.missing')
    expect(missing.hint).toContain('f.data')
    await write('short/f.data', new Uint8Array(4))
    const short = await refusal(await write('short/f.onnx', fileWith(external('f.data', 0, 8))))
    expect(short.message).toContain('has 4')
  })

  it('names a checkpoint of PyTorch, a zip archive, and how its network is exported', async () => {
    const file = path.join(folder, 'network.pt')
    await writeFile(file, Buffer.from('PK\u0003\u0004\u0000\u0000archive/data.pkl', 'latin1'))
    await expect(readModelFile(file)).rejects.toMatchObject({
      code: 'model.invalid',
      message: expect.stringContaining('zip archive'),
      hint: expect.stringContaining('torch.onnx.export')
    })
  })

  it('refuses devices, folders and files that are no protobuf', async () => {
    expect((await refusal('/dev/zero')).code).toBe('input.invalid')
    expect((await refusal(folder)).code).toBe('input.invalid')
    expect((await refusal(await write('text.onnx', Buffer.from('hello')))).code).toBe('model.invalid')
  })
})
