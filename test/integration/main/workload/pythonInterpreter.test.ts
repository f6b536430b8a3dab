import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { findTorchPython } from '@main/workload/process/pythonInterpreter'
import { runnerCommand } from '@main/workload/process/runnerCommand'
import { temporaryFolder } from '../../../fixtures/smi/standIn'

/** A program that stands in for a Python with (a version) or without PyTorch. */
function fakePython(file: string, torch: string | null): string {
  mkdirSync(path.dirname(file), { recursive: true })
  const body =
    torch === null ? 'echo "ModuleNotFoundError: No module named \'torch\'" >&2; exit 1' : `echo ${torch}`
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
  return file
}

describe.skipIf(process.platform === 'win32')('findTorchPython', () => {
  it('takes the first of the candidates that imports torch', async () => {
    const folder = temporaryFolder()
    const without = fakePython(path.join(folder, 'venv/bin/python'), null)
    const conda = fakePython(path.join(folder, 'conda/bin/python'), '2.4.0')
    const env = { VIRTUAL_ENV: path.dirname(path.dirname(without)), CONDA_PREFIX: path.join(folder, 'conda') }
    expect(await findTorchPython(spawn, undefined, env)).toEqual({ file: conda, torch: '2.4.0' })
    const own = fakePython(path.join(folder, 'own'), '1.13.1')
    expect((await findTorchPython(spawn, undefined, { ...env, BITBENCH_PYTHON: own })).torch).toBe('1.13.1')
  })

  it('tries nothing else than what was named, and says what it said', async () => {
    const folder = temporaryFolder()
    const without = fakePython(path.join(folder, 'python'), null)
    await expect(findTorchPython(spawn, without, {})).rejects.toMatchObject({
      code: 'tool.missing',
      message: expect.stringContaining("No module named 'torch'")
    })
    await expect(findTorchPython(spawn, '/nowhere/python', {})).rejects.toMatchObject({
      message: expect.stringContaining('ENOENT')
    })
  })
})

describe('the command of the PyTorch runner', () => {
  const places = {
    networksFolder: '/nowhere',
    runnerFile: 'runner.js',
    torchRunnerFile: '/r/torch_runner.py',
    scratch: '/s',
    spawn
  }

  it.skipIf(process.platform === 'win32')('passes on what was chosen', async () => {
    const python = fakePython(path.join(temporaryFolder(), 'python'), '2.4.0')
    const entry = `${import.meta.filename}:build`
    const command = await runnerCommand(
      { kind: 'torch', entry, python, device: 'cuda:1', samples: 9 },
      places
    )
    expect(command).toMatchObject({ file: python, env: { BITBENCH_WORKLOAD_SCRATCH: '/s' } })
    expect(command.args.join(' ')).toBe(
      `/r/torch_runner.py --entry ${entry} --device cuda:1 --samples 9 --scratch /s`
    )
  })

  it.each([
    [{}, 'input.invalid'],
    [{ entry: 'a.py:build', model: 'gpt2' }, 'input.invalid'],
    [{ model: 'gpt2' }, 'data.missing'],
    [{ entry: '/nowhere/mine.py:build' }, 'input.notFound']
  ])('refuses %j', async (choice, code) => {
    await expect(runnerCommand({ kind: 'torch', ...choice }, places)).rejects.toMatchObject({ code })
  })
})
