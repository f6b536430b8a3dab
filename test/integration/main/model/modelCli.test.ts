import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseVerbArguments, UsageError, type CliContext, type CliNoun } from '@main/cli/framework/framework'
import { modelCli } from '@main/cli/model/model'
import { searchCli } from '@main/cli/search/search'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { resourcePath } from '@main/paths'
import { halvesNetwork } from '../../../support/ownNetworks'

const lenet = resourcePath('models', 'lenet5-fashion.onnx')

async function run(noun: CliNoun, verb: string, ...argv: string[]) {
  const logged: string[] = []
  const context: CliContext = {
    bitbench: () => Promise.reject(new Error('this verb needs no services')),
    log: (line) => void logged.push(line),
    signal: new AbortController().signal,
    stopInOrder: () => undefined,
    json: true,
    cwd: process.cwd()
  }
  const spec = noun.verbs[verb]!
  const result = await spec.run(parseVerbArguments(spec, argv), context)
  return { json: JSON.parse(JSON.stringify(result.json)), text: result.text, logged }
}

describe('bitbench model', () => {
  it('reports what is in a file', async () => {
    const { json, text } = await run(modelCli, 'info', lenet)
    expect(json.weightedLayers).toEqual(['conv1', 'conv2', 'fc1', 'fc2', 'fc3'])
    expect(json.macs).toBe(416_520)
    expect(text).toContain('conv2d+relu')
  })

  it('reads the shipped residual network with its normalisation folded', async () => {
    const { json } = await run(modelCli, 'info', resourcePath('models', 'resnet-tiny-fashion.onnx'))
    const operators = new Set(json.nodes.map(({ op }: { op: string }) => op))
    expect(operators).toEqual(new Set(['conv2d', 'depthwiseConv2d', 'add', 'avgPool', 'flatten', 'dense']))
    expect(json.card.testAccuracy).toBeGreaterThanOrEqual(0.88)
  })

  it('says which of several outputs is used, and that the shipped images do not fit', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bitbench outputs '))
    try {
      const model = exportOnnx(halvesNetwork())
      const inner = model.nodes[0]!.outputs[0]!
      const file = path.join(folder, 'halves.onnx')
      const outputs = [...model.outputs, { name: inner, elementType: 'float32' as const, dims: [1, 4, 8, 8] }]
      await writeFile(file, encodeOnnx({ ...model, outputs }))
      const { json, text } = await run(modelCli, 'info', file)
      expect(json.outputs).toEqual(outputs.map(({ name }) => name))
      expect(json.misfit.code).toBe('model.unsupportedShape')
      expect(text).toContain(`"${model.outputs[0]!.name}" is used.`)
      expect(text).toContain('Without --dataset it cannot be judged: The network reads 8 x 8 x 3')
      const shipped = await run(modelCli, 'info', lenet)
      expect([shipped.json.outputs, shipped.json.misfit]).toEqual([undefined, undefined])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it.each([
    ['info', []],
    ['info', [lenet, lenet]],
    ['evaluate', [lenet, '--split', 'everything']],
    ['evaluate', [lenet, '--method', 'magic']]
  ])('%s with %j is wrong usage', async (verb, argv) => {
    await expect(run(modelCli, verb, ...argv)).rejects.toBeInstanceOf(UsageError)
  })

  it('refuses a bad scheme and a missing file with a hint', async () => {
    await expect(run(modelCli, 'evaluate', lenet, '--scheme', 'w9a8')).rejects.toMatchObject({
      code: 'scheme.invalid'
    })
    await expect(run(modelCli, 'info', 'nowhere.onnx')).rejects.toMatchObject({ code: 'input.notFound' })
  })
})

describe('bitbench search', () => {
  it('returns an infeasible budget as a result', async () => {
    const { json, text } = await run(searchCli, 'run', '--model', lenet, '--budget-ratio', '0.001')
    expect(json.budgetFeasible).toBe(false)
    expect(json.scheme).toBeNull()
    expect(text).toContain('No scheme is within the budgets')
  }, 300_000)

  it('finds a scheme within its budget', async () => {
    const { json, logged } = await run(
      searchCli,
      'run',
      '--model',
      lenet,
      '--budget-ratio',
      '0.75',
      '--evaluations',
      '4',
      '--cost',
      'size'
    )
    expect(json.unit).toBe('bytes')
    expect(json.evaluations).toBe(4)
    expect(logged.length).toBe(4)
    expect(json.bestCost).toBeLessThanOrEqual(0.75 * json.baselineCost)
    expect(json.test.best).toBeGreaterThan(0.6)
  }, 300_000)

  it('needs a model', async () => {
    await expect(run(searchCli, 'run')).rejects.toBeInstanceOf(UsageError)
    await expect(run(searchCli, 'run', '--model', lenet, '--budget-ratio', '2')).rejects.toBeInstanceOf(
      UsageError
    )
  })
})
