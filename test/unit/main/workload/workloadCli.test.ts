import { describe, expect, it } from 'vitest'
import { parseVerbArguments, UsageError, type CliContext } from '@main/cli/framework/framework'
import { workloadCli } from '@main/cli/workload/workload'

/** The input of workload.start that the words lead to; the run itself is refused. */
async function requestOf(...argv: string[]): Promise<unknown> {
  let sent: unknown
  const verb = workloadCli.verbs['run']!
  const dispatch = async (_name: string, input: unknown) => {
    sent = input
    return { ok: false, error: { code: 'input.invalid', message: 'Refused.', hint: 'Nothing.' } }
  }
  const context = {
    bitbench: async () => ({ dispatch, events: { listen: () => () => undefined } }),
    ...{ log: () => undefined, signal: new AbortController().signal, json: false, cwd: '/here' }
  } as unknown as CliContext
  await expect(verb.run(parseVerbArguments(verb, argv), context)).rejects.toThrow()
  if (sent === undefined) throw new Error('nothing was sent')
  return sent
}

describe('bitbench workload run', () => {
  it('takes what stands behind -- as the command of a runner, its options included', async () => {
    expect(await requestOf('--trials', '3', '--', './mine', '--fast', 'x')).toMatchObject({
      trials: 3,
      runner: { kind: 'command', command: ['./mine', '--fast', 'x'], cwd: '/here' }
    })
  })

  it('takes a word without -- as a network', async () => {
    expect(await requestOf('gloss-classifier')).toMatchObject({
      runner: { kind: 'onnx', model: 'gloss-classifier' }
    })
    expect(await requestOf('net.onnx', '--dataset', 'rows.jsonl')).toMatchObject({
      runner: { kind: 'onnx', model: '/here/net.onnx', dataset: '/here/rows.jsonl' }
    })
  })

  it.each([
    [[], 'needs --example'],
    [['a.onnx', 'b.onnx'], 'one network at a time'],
    [['--example', 'a.onnx'], 'takes no network'],
    [['a', '--precision', 'fp7'], 'not "fp7"']
  ])('%j is wrong usage', async (argv, words) => {
    const verb = workloadCli.verbs['run']!
    const run = verb.run(parseVerbArguments(verb, argv), { cwd: '/here' } as unknown as CliContext)
    const error = await run.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UsageError)
    expect((error as Error).message).toContain(words)
  })
})
