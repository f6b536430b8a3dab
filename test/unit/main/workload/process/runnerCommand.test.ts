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
    const start = (model: string, dataset: string) =>
      (async () =>
        runnerCommand({ kind: 'onnx', model, dataset } as Parameters<typeof runnerCommand>[0], places))()
    for (const file of [pipe, '/dev/zero', folder]) {
      const refused = { code: 'input.invalid', message: `${file} is no regular file.` }
      await expect(start(file, network)).rejects.toMatchObject(refused)
      await expect(start(network, file)).rejects.toMatchObject(refused)
    }
    expect((await start(network, network)).args).toContain(network)
  })
})
