import { afterEach, describe, expect, it, vi } from 'vitest'
import { gpuCli } from '@main/cli/gpu/gpu'
import { parseVerbArguments, UsageError, type CliContext } from '@main/cli/framework/framework'
import { fakeSmiFile, temporaryFolder } from '../../../fixtures/smi/standIn'

const context: CliContext = {
  bitbench: () => Promise.reject(new Error('the data file must not be opened')),
  log: () => undefined,
  signal: new AbortController().signal,
  stopInOrder: () => undefined,
  json: false,
  cwd: '/'
}
const run = async (verb: string, ...argv: string[]) => {
  const spec = gpuCli.verbs[verb]!
  return spec.run(parseVerbArguments(spec, argv), context)
}
afterEach(() => void vi.unstubAllEnvs())

describe('bitbench gpu', () => {
  it('lists without opening the data file, and marks a stand-in as simulated', async () => {
    vi.stubEnv('BITBENCH_NVIDIA_SMI', fakeSmiFile)
    const { json, text, exitCode } = await run('list', '--data', temporaryFolder())
    expect(json).toMatchObject({ state: 'ready', origin: 'simulated' })
    expect(text).toContain('SIMULATED')
    expect(exitCode ?? 0).toBe(0)
  })

  it('explains an absent driver instead of failing', async () => {
    vi.stubEnv('BITBENCH_NVIDIA_SMI', '/nowhere/nvidia-smi')
    const { json, text } = await run('list', '--data', temporaryFolder())
    expect(json).toMatchObject({ state: 'noDriver', gpus: [] })
    expect(text).toContain('/nowhere/nvidia-smi')
  })

  it.each([
    [['record'], 'command'],
    [['record', '--duration', '1000', '--', 'bench'], 'duration'],
    [['record', '--gpu', 'first', '--', 'bench'], 'gpu'],
    [['record', '--interval', '1', '--', 'bench'], 'interval'],
    [['record', '--nonsense', '--', 'bench'], 'nonsense'],
    [['show', 'a', 'b'], 'one recording']
  ])('%j is wrong usage', async ([verb, ...argv], word) => {
    const error = await run(verb!, ...argv).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UsageError)
    expect((error as Error).message).toContain(word)
  })

  it('tells a wrong ending of --out before the command runs', async () => {
    await expect(run('record', '--out', 'run.xlsx', '--', 'bench')).rejects.toMatchObject({
      code: 'input.invalid'
    })
  })
})
