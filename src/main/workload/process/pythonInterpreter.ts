import path from 'node:path'
import { AppError } from '../../../shared/errors'
import { lastLine, programOutput } from './programOutput'
import type { SpawnRunner } from './runnerProcess'

/** A Python interpreter that has PyTorch. */
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
 * CONDA_PREFIX), python3 of the PATH, and /usr/bin/python3. Each has to import torch: a machine can have several
 * interpreters, and the first one is often without it.
 *
 * @throws tool.missing with what each of them printed; one that was named is the only one that is tried
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

async function torchIn(spawn: SpawnRunner, file: string): Promise<{ torch: string } | { reason: string }> {
  try {
    const { code, out, errors } = await programOutput(
      spawn,
      file,
      ['-c', 'import torch; print(torch.__version__)'],
      { withinMs }
    )
    const torch = lastLine(out)
    return code === 0 && torch !== '' ? { torch } : { reason: lastLine(errors) || `ended with ${code}` }
  } catch (cause) {
    return { reason: (cause as Error).message }
  }
}
