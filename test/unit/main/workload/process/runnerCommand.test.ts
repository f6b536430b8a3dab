import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { resourcePath } from '@main/paths'
import { runnerCommand } from '@main/workload/process/runnerCommand'
import { temporaryFolder } from '../../../../support/temporaryFolder'
import { makeNamedPipe } from '../../../../support/namedPipe'

describe.runIf(process.platform === 'linux')('files of a workload run', () => {
  it('are regular: a pipe or a device fails the command, not the job', async () => {
    const folder = temporaryFolder()
    const pipe = path.join(folder, 'pipe.onnx')
    const network = path.join(folder, 'network.onnx')
    makeNamedPipe(pipe)
    writeFileSync(network, '')
    const places = {
      scratch: folder,
      networksFolder: resourcePath('workloads'),
      runnerFile: 'runner.js'
    } as Parameters<typeof runnerCommand>[1]
    const types = path.join(folder, 'types.json')
    writeFileSync(types, '{"^h": "ffn"}')
    const start = (model: string, dataset: string) =>
      runnerCommand({ kind: 'onnx', model, dataset, types }, places)
    for (const file of [pipe, '/dev/zero', folder]) {
      const refused = { code: 'input.invalid', message: `${file} is no regular file.` }
      await expect(start(file, network)).rejects.toMatchObject(refused)
      await expect(start(network, file)).rejects.toMatchObject(refused)
    }
    for (const [file, what] of [
      [pipe, 'a pipe'],
      ['/dev/zero', 'a device'],
      [folder, 'a folder']
    ] as const) {
      const refused = { code: 'input.invalid', message: `${file} is ${what}.` }
      for (const runner of [
        { kind: 'onnx', model: network, dataset: network, types: file },
        { kind: 'torch', model: 'gpt2', dataset: network, types: file }
      ] as const)
        await expect(runnerCommand(runner, places)).rejects.toMatchObject(refused)
    }
    await expect(
      runnerCommand({ kind: 'torch', entry: `${network}:build`, window: 64 }, places)
    ).rejects.toMatchObject({
      code: 'input.invalid',
      hint: expect.stringContaining('length in the entry') as unknown
    })
    const { args } = await start(network, network)
    expect(args).toEqual(expect.arrayContaining([network, '--types', types]))
  })
})
