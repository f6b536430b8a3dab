import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../../shared/errors'

/** How nvidia-smi is called on this machine. */
export interface SmiCommand {
  /** What the user knows it by. */
  path: string
  file: string
  leadingArguments: readonly string[]
}

/** node:child_process spawn, injected. Arguments are always an array and no shell is ever involved. */
export type Spawn = (file: string, args: readonly string[], options: SpawnOptions) => ChildProcess

/** Where drivers put it when it is not on the PATH (WSL, Windows before and since driver 400). */
const usualPlaces = [
  '/usr/bin/nvidia-smi',
  '/usr/lib/wsl/lib/nvidia-smi',
  'C:\\Windows\\System32\\nvidia-smi.exe',
  'C:\\Program Files\\NVIDIA Corporation\\NVSMI\\nvidia-smi.exe'
]

/**
 * Finds nvidia-smi: the setting or BITBENCH_NVIDIA_SMI first, then the PATH, then the usual places; null when there
 * is none. A path that ends in .mjs, .cjs or .js, or a link to one, is run by this Node (the stand-in of the tests and demos).
 *
 * @throws gpu.noDriver when a path was given and nothing is there
 */
export function findSmi(
  setting: string | null,
  env: Readonly<Record<string, string | undefined>>,
  platform: string = process.platform
): SmiCommand | null {
  const given = setting ?? env['BITBENCH_NVIDIA_SMI'] ?? ''
  if (given !== '') {
    if (!isFile(given)) {
      throw new AppError(
        'gpu.noDriver',
        `There is no file ${given}, which is set as the path of nvidia-smi.`,
        'Correct the path in the settings (or BITBENCH_NVIDIA_SMI), or clear it to search the PATH.'
      )
    }
    return commandFor(given)
  }
  const name = platform === 'win32' ? 'nvidia-smi.exe' : 'nvidia-smi'
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(path.delimiter).filter((folder) => folder !== '')
  const found = [...folders.map((folder) => path.join(folder, name)), ...usualPlaces].find(isFile)
  return found === undefined ? null : commandFor(found)
}

function commandFor(file: string): SmiCommand {
  const script = realpathSync(file)
  return /\.[cm]?js$/.test(script)
    ? { path: file, file: process.execPath, leadingArguments: [script] }
    : { path: file, file, leadingArguments: [] }
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true
}

/** Starts nvidia-smi with its output piped. ELECTRON_RUN_AS_NODE only matters to the stand-in under Electron. */
export function spawnSmi(spawn: Spawn, smi: SmiCommand, args: readonly string[]): ChildProcess {
  return spawn(smi.file, [...smi.leadingArguments, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    env: smiEnvironment(smi)
  })
}

/** The environment of nvidia-smi: the C locale keeps decimal points and messages as documented. */
export function smiEnvironment({ leadingArguments }: SmiCommand): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LC_ALL: 'C',
    ...(leadingArguments.length > 0 ? { ELECTRON_RUN_AS_NODE: '1' } : {})
  }
}

/** What a call of nvidia-smi printed. */
export interface SmiAnswer {
  exitCode: number | null
  stdout: string
  stderr: string
}

/** Longest output that is kept, characters: the help text of recent drivers has about 30,000. */
const maxAnswerLength = 1_000_000

/**
 * Runs nvidia-smi once to its end.
 *
 * @throws tool.failed when it could not be started or did not reply within `timeoutMs` (a hung driver)
 */
export function askSmi(
  spawn: Spawn,
  smi: SmiCommand,
  args: readonly string[],
  timeoutMs = 15_000
): Promise<SmiAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawnSmi(spawn, smi, args)
    let stdout = ''
    let stderr = ''
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      child.stdout?.destroy()
      child.stderr?.destroy()
      reject(
        new AppError(
          'tool.failed',
          `nvidia-smi did not reply within ${timeoutMs / 1000} s.`,
          'The driver may hang: run nvidia-smi in a terminal; if it hangs there too, restart the machine.'
        )
      )
    }, timeoutMs)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < maxAnswerLength) stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < maxAnswerLength) stderr += text
    })
    child.once('error', (cause) => {
      clearTimeout(timer)
      reject(startFailed(smi, cause))
    })
    child.once('close', (exitCode) => {
      clearTimeout(timer)
      resolve({ exitCode, stdout, stderr })
    })
  })
}

/** Returns the error for an nvidia-smi that cannot be started. */
export function startFailed(smi: SmiCommand, cause: Error): AppError {
  return new AppError(
    'tool.failed',
    `${smi.path} could not be started: ${cause.message}.`,
    'Check that the file is executable, or set another path for nvidia-smi in the settings.',
    { cause }
  )
}
