import { describe, expect, it } from 'vitest'
import { parseVerbArguments, UsageError, type CliContext, type CliNoun } from '@main/cli/framework/framework'
import { modelCli } from '@main/cli/model/model'
import { searchCli } from '@main/cli/search/search'
import { resourcePath } from '@main/paths'

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
