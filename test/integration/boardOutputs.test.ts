import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OnnxModel } from '@core/model/onnx/onnx'
import { runInteger } from '@core/quant/integer/runInteger'
import { boardOutputs } from '@main/deploy/fileOutputs'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { readModelFile } from '@main/model/files/readModelFile'
import { parseNpy } from '@core/model/npyArray'
import { readRegularFile } from '@main/files/readRegularFile'
import { outputOfLogits, prepareIntegers, runModel } from '@main/model/files/runFile'
import { createBoardBench, type BoardBench } from '../support/boardBench'
import { exportedNetworks } from '../support/exportedNetworks'

/** Networks as exporters write them, on a virtual board: each int32 result equals the host's, and the outputs follow float. */
const boardId = 'virtual:high'
let bench: BoardBench
let folder: string

beforeAll(async () => {
  bench = await createBoardBench()
  await bench.boards.connect(boardId)
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench-outputs-'))
}, 300_000)

afterAll(async () => {
  await bench.close()
  await rm(folder, { recursive: true, force: true })
})

/** Two items, value ((37 j) mod 256) / 255 at flat index j, as float32 in .npy. */
async function writeInput(name: string, dims: readonly number[]): Promise<string> {
  const shape = [2, ...dims]
  const count = shape.reduce((product, size) => product * size, 1)
  const header =
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117) + '\n'
  const values = Float32Array.from({ length: count }, (_, at) => ((37 * at) % 256) / 255)
  const file = path.join(folder, `${name}.npy`)
  const magic = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0)
  await writeFile(file, Buffer.concat([magic, Buffer.from(header, 'latin1'), new Uint8Array(values.buffer)]))
  return file
}

async function filesOf(name: string, model: OnnxModel): Promise<{ file: string; inputFile: string }> {
  const file = path.join(folder, `${name}.onnx`)
  await writeFile(file, encodeOnnx(model))
  return { file, inputFile: await writeInput(name, model.inputs[0]!.dims!.slice(1) as number[]) }
}

describe('outputs of a file computed by a board', () => {
  it.each(exportedNetworks())(
    '$name: equal to the integer reference, close to float',
    async ({ name, model }) => {
      const { file, inputFile } = await filesOf(name, model)
      const models = {
        name: () => Promise.reject(new Error('not asked')),
        dataSet: () => Promise.reject(new Error('not asked')),
        graph: () => Promise.reject(new Error('not asked')),
        quantize: () => Promise.reject(new Error('not asked')),
        testInputs: () => Promise.reject(new Error('not asked')),
        async prepareFile(request: { scheme: string }) {
          const read = (await readModelFile(file)).model
          const made = prepareIntegers(
            read,
            parseNpy(await readRegularFile(inputFile), inputFile),
            request.scheme
          )
          return { ...made, outputOf: (logits: Int32Array) => outputOfLogits(made, logits) }
        },
        reference: (network: Parameters<typeof runInteger>[0], codes: Int8Array) =>
          Promise.resolve(runInteger(network, codes))
      }
      const boards = {
        describe: () => Promise.reject(new Error('not asked')),
        info: (id: string) => Promise.resolve(bench.boards.identified(id).info),
        withLease: bench.boards.withLease
      }
      const request = {
        file,
        inputs: [{ name: null, file: inputFile }],
        scheme: 'int8',
        output: null,
        boardId
      }
      const found = await boardOutputs({ boards, models }, request)
      expect(found.equalsHost).toBe(true)
      const array = parseNpy(await readRegularFile(inputFile), inputFile)
      const float = runModel(model, array, 'float', [model.outputs[0]!.name]).outputs[0]!
      expect(found.outputs[0]!.shape).toEqual(float.shape)
      const scale = Math.max(...float.values.map(Math.abs))
      for (const [at, value] of found.outputs[0]!.values.entries())
        expect(Math.abs(value - float.values[at]!) / scale).toBeLessThan(0.05)
    },
    300_000
  )
})
