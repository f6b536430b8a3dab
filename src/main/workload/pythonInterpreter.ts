import path from 'node:path'
import { AppError } from '../../shared/errors'
import type { SpawnRunner } from './runnerProcess'

export interface TorchPython {
  /** Program to start. */
  file: string
  /** Version of PyTorch in it. */
  torch: string
}

/** Loading PyTorch from a slow disk. */
const withinMs = 60_000

/**
 * Finds a Python with PyTorch: the one that was named, else BITBENCH_PYTHON, the active environment (VIRTUAL_ENV,
 * CONDA_PREFIX), python3 of the PATH, and /usr/bin/python3. Each is asked to import torch: a machine can have several
 * interpreters, and the first one is often without it.
 *
 * @throws tool.missing with what each of them said; one that was named is the only one that is tried
 */
export async function findTorchPython(
  spawn: SpawnRunner,
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>
): Promise<TorchPython> {
  const tried: string[] = []
  for (const file of candidates(named, env)) {
    const found = await torchIn(spawn, file)
    if ('torch' in found) return { file, torch: found.torch }
    tried.push(`${file}: ${found.reason}`)
  }
  throw new AppError(
    'tool.missing',
    `No Python with PyTorch was found. ${tried.join('; ')}.`,
    'Install PyTorch (Debian: python3-torch), activate its environment, or name the interpreter with --python.'
  )
}

function candidates(named: string | undefined, env: Readonly<Record<string, string | undefined>>): string[] {
  if (named !== undefined) return [named]
  const inFolder = (folder: string | undefined): string | undefined =>
    folder === undefined || folder === ''
      ? undefined
      : process.platform === 'win32'
        ? path.join(folder, 'Scripts', 'python.exe')
        : path.join(folder, 'bin', 'python')
  const all = [
    env['BITBENCH_PYTHON'],
    inFolder(env['VIRTUAL_ENV']),
    inFolder(env['CONDA_PREFIX']),
    'python3',
    '/usr/bin/python3'
  ]
  return [...new Set(all.filter((file): file is string => file !== undefined && file !== ''))]
}

function torchIn(spawn: SpawnRunner, file: string): Promise<{ torch: string } | { reason: string }> {
  return new Promise((resolve) => {
    const child = spawn(file, ['-c', 'import torch; print(torch.__version__)'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true
    })
    let [out, errors] = ['', '']
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)))
    child.once('error', (cause) => {
      clearTimeout(timer)
      resolve({ reason: cause.message })
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      const version = out.trim().split('\n').at(-1) ?? ''
      if (code === 0 && version !== '') resolve({ torch: version })
      else resolve({ reason: errors.trim().split('\n').at(-1) || `ended with ${code}` })
    })
  })
}
