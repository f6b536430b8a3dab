import { open, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import onnxProto from 'onnx-proto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelContentId } from '@main/model/files/modelContentId'
import { readModelFile } from '@main/model/files/readModelFile'
import { resourcePath } from '@main/paths'

const { onnx } = onnxProto
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench-content-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A network whose weights lie in net.data beside it. */
async function withWeightsBeside(): Promise<string> {
  const externalData = [{ key: 'location', value: 'net.data' }]
  const graph = {
    node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }],
    initializer: [{ name: 'w', dims: [2], dataType: 1, dataLocation: 1, externalData }],
    input: [{ name: 'x' }],
    output: [{ name: 'y' }]
  }
  const file = path.join(folder, 'net.onnx')
  await writeFile(file, onnx.ModelProto.encode(onnx.ModelProto.create({ irVersion: 8, graph })).finish())
  await writeFile(path.join(folder, 'net.data'), new Uint8Array(Float32Array.of(1, 2).buffer))
  return file
}

/** Appends a protobuf field that nobody knows, of so many zeros: the file is long and takes no room. */
async function lengthen(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'a+')
  const length = []
  for (let rest = bytes; rest > 0; rest >>>= 7) length.push((rest & 127) | (rest > 127 ? 128 : 0))
  await handle.appendFile(Uint8Array.of((15 << 3) | 2, ...length))
  await handle.truncate((await handle.stat()).size + bytes)
  await handle.close()
}

describe('content of a network', () => {
  it('is the id that the network has when it is opened', async () => {
    const file = resourcePath('workloads', 'gloss-classifier.onnx')
    expect(await modelContentId(file)).toBe((await readModelFile(file)).id)
  })
  it('is that of its weights too, however large the file itself is', async () => {
    const file = await withWeightsBeside()
    const small = await modelContentId(file)
    expect(small).toBe((await readModelFile(file)).id)
    await lengthen(file, 65 * 2 ** 20)
    const large = await modelContentId(file)
    expect(large).toBe((await readModelFile(file)).id)
    await writeFile(path.join(folder, 'net.data'), new Uint8Array(Float32Array.of(1, 3).buffer))
    expect(await modelContentId(file)).not.toBe(large)
    expect(small).not.toBe(large)
  })
  it('is unknown of a file that is not there', async () => {
    expect(await modelContentId('/nowhere/net.onnx')).toBeNull()
  })
})
