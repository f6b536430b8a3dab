import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { supportedOperators } from '@core/model/onnx/readNodes'
import { createImportedRunner } from '@core/quant/runImported'
import { readModelFile } from '@main/model/files/readModelFile'
import { runModel } from '@main/model/files/runFile'
import { compareCasesOf, compareWithOnnxruntime } from '../../../../support/importAgreement'
import { exportedNetworks } from '../../../../support/exportedNetworks'
import { quantizedKinds, randomQuantized } from '../../../../support/randomQuantized'
import { codesApart, randomScales } from '../../../../support/randomScales'
import { randomOnnx } from '../../../../support/randomOnnx'

describe('random ONNX graphs', () => {
  it('300 seeded graphs agree with onnxruntime within 1e-5 or are refused by name', async () => {
    const counts = { equal: 0, refused: 0, skipped: 0, wrong: 0 }
    const wrong: string[] = []
    for (let seed = 1; seed <= 300; seed++) {
      const result = await compareWithOnnxruntime(randomOnnx(seed), seed)
      counts[result.kind]++
      if (result.kind === 'wrong') wrong.push(`seed ${seed}: ${result.message}`)
    }
    expect(wrong).toEqual([])
    // Refusing everything or failing to run would not be agreement.
    expect(counts.equal).toBeGreaterThan(280)
  }, 300_000)
})

describe('random quantized graphs whose codes saturate', () => {
  it.each(quantizedKinds)(
    '150 seeded ones equal onnxruntime exactly: %s',
    async (kind) => {
      for (let seed = 1; seed <= 150; seed++) {
        const { model, input } = randomQuantized(kind, seed)
        const result = await compareWithOnnxruntime(model, seed, input)
        expect({ seed, ...result }).toMatchObject({ seed, kind: 'equal', error: 0 })
      }
    },
    120_000
  )
})

describe('random layers between codes of any scale', () => {
  it('150 seeded ones give onnxruntime’s codes, but for one code at a tie', async () => {
    let levels = 0
    for (let seed = 1; seed <= 150; seed++) {
      const apart = await codesApart(randomScales(seed))
      expect({ seed, isNear: apart.codes < 1.01, isTie: apart.fromTie < 1e-3 }).toEqual({
        seed,
        isNear: true,
        isTie: true
      })
      levels += apart.levels
    }
    // Outputs that all saturate would agree without a word: a hundred graphs have several levels each.
    expect(levels).toBeGreaterThan(1000)
  }, 120_000)
})

describe('every operator that is read', () => {
  // onnxruntime does not know it.
  const names = supportedOperators.filter((name) => name !== 'RequantShift')
  it.each(names)('%s agrees with onnxruntime on seeded cases of its own', async (opType) => {
    const { equal, wrong } = await compareCasesOf(opType, [1, 2, 3])
    expect(wrong).toBe('')
    expect(equal).toBeGreaterThan(0)
  })
})

describe('architectures as PyTorch exports them', () => {
  it.each(exportedNetworks())('$name equals onnxruntime, and its integers follow it', async ({ model }) => {
    expect(await compareWithOnnxruntime(model, 1)).toMatchObject({ kind: 'equal' })
    const dims = model.inputs[0]!.dims!.slice(1) as number[]
    const count = 2 * dims.reduce((product, size) => product * size, 1)
    const values = Float64Array.from({ length: count }, (_, at) => ((37 * at) % 256) / 255)
    const run = (scheme: string): number[] =>
      runModel(model, { shape: [2, ...dims], values }, scheme, [model.outputs[0]!.name]).outputs[0]!.values
    const float = run('float')
    const scale = Math.max(...float.map(Math.abs))
    for (const [at, value] of run('int8').entries())
      expect(Math.abs(value - float[at]!) / scale).toBeLessThan(0.05)
  })
})

interface Case {
  readonly file: string
  readonly outputs: readonly (readonly number[])[]
  readonly batch: number
}

const folder = path.resolve('../shared/cases')
const isThere = existsSync(folder)
if (!isThere) console.warn('skipped: ../shared/cases is not there, so real exports are not compared')

function cases(): Case[] {
  if (!isThere) return []
  const read = (name: string): Record<string, unknown>[] =>
    JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
  return [...read('pytorch/manifest.json'), ...read('manifest.json')]
    .filter(({ file }) => String(file).endsWith('.onnx'))
    .map((entry) => ({
      file: String(entry['file']),
      outputs: (entry['outputs'] ?? entry['expectedOutputs'] ?? []) as number[][],
      batch: ((entry['input'] as number[] | undefined)?.[0] ?? 1) as number
    }))
}

/** What is refused, and with which words. */
const refused: Readonly<Record<string, string>> = {
  'pytorch/resblock.train.onnx': 'training mode'
}

/** Relative to the largest output: half precision is computed in half by onnxruntime, Q/DQ rounds activations to 8 bits. */
const looser: Readonly<Record<string, number>> = {
  'pytorch/lenet.fp16.onnx': 1e-3,
  'refused-float16.onnx': 1e-3,
  'refused-div255-inside.onnx': 2e-4,
  'refused-qdq.onnx': 6e-2
}

describe.skipIf(!isThere)('networks as exporters write them', () => {
  it.each(cases())('$file gives the outputs of onnxruntime', async ({ file, outputs, batch }) => {
    const { model } = await readModelFile(path.join(folder, file))
    const { imported, obstacles } = readOnnx(model)
    if (file in refused) {
      expect(obstacles.map(({ message, hint }) => `${message} ${hint}`).join(' ')).toContain(refused[file])
      return
    }
    expect(obstacles).toEqual([])
    const wanted = outputs[0] ?? []
    const run = createImportedRunner(imported!)
    const size = imported!.input.dims.reduce((product, length) => product * length, 1)
    const items = Math.max(batch, 1)
    // The manifest's rule for inputs: indices of a table of 50 rows, else values from 0 to 1.
    const isIndices = model.inputs.find(({ name }) => name === imported!.input.name)?.elementType === 'int64'
    const valueAt = (at: number): number => (isIndices ? (7 * at) % 50 : ((37 * at) % 256) / 255)
    const found = Array.from({ length: items }, (_, item) =>
      Array.from(run(Float32Array.from({ length: size }, (__, at) => valueAt(at + item * size))).values)
    ).flat()
    const scale = Math.max(1e-3, ...wanted.map(Math.abs))
    for (const [at, value] of wanted.slice(0, found.length).entries())
      expect(Math.abs(value - found[at]!) / scale).toBeLessThan(looser[file] ?? 1e-4)
  })
})
