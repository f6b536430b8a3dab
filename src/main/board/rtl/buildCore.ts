import type { spawn as nodeSpawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AppError } from '../../../shared/errors'
import { isProcessAlive } from '../../files/isProcessAlive'
import { startTool } from '../tools/toolProcess'
import { rtlVariants, type CoreRecipe } from './coreSources'

/** The programs that make a core, by their paths. */
export interface CoreTools {
  verilator: string
  make: string
}

/** Steps that are reported: Verilator, what make compiles, the link. */
export const buildSteps = 7
const silenceMs = 300_000
const limitMs = 900_000
const keptLines = 40

/**
 * Makes the program of a core: Verilator's C++, compiled, in `cacheFolder` under the name of the recipe. It appears there
 * when it is complete; an attempt that ended in the middle leaves nothing that is used. GNU make refuses folders whose path
 * has a space: where that of `cacheFolder` has one, the work is done in the system's temporary folder.
 *
 * @param options.onProgress steps done of `buildSteps`, and the present one in words
 * @returns the path of the program
 * @throws tool.failed with the last words of the tool, tool.missing, job.cancelled
 */
export async function buildCore(
  recipe: CoreRecipe,
  options: {
    cacheFolder: string
    tools: CoreTools
    spawn: typeof nodeSpawn
    signal: AbortSignal
    onProgress: (done: number, note: string) => void
  }
): Promise<string> {
  const { cacheFolder, tools, onProgress } = options
  const attempt = `${recipe.name}.${process.pid}`
  const program = path.join(cacheFolder, recipe.name)
  const complete = path.join(cacheFolder, attempt)
  const workFolder = /\s/.test(cacheFolder) ? tmpdir() : cacheFolder
  for (const folder of new Set([cacheFolder, workFolder])) await removeAbandoned(folder)
  await mkdir(cacheFolder, { recursive: true })
  const folder = await mkdtemp(path.join(workFolder, `${attempt}.`))
  try {
    for (const file of recipe.files) await copyFile(file, path.join(folder, path.basename(file)))
    onProgress(0, 'Verilator')
    await run(tools.verilator, recipe.verilatorArguments, folder, options, () => undefined)
    let done = 1
    onProgress(done, 'C++ compiler')
    await run(tools.make, recipe.makeArguments, folder, options, (line) => {
      if (/\s-c\s/.test(line) && done < buildSteps - 1) onProgress(++done, 'C++ compiler')
    })
    // A copy, as the temporary folder may lie on another disk, from which nothing can be renamed.
    await copyFile(path.join(folder, 'board'), complete)
    await rename(complete, program)
    onProgress(buildSteps, 'made')
    return program
  } finally {
    await rm(folder, { recursive: true, force: true })
    await rm(complete, { force: true })
  }
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  { spawn, signal }: { spawn: typeof nodeSpawn; signal: AbortSignal },
  onLine: (line: string) => void
): Promise<void> {
  const last: string[] = []
  const tool = startTool({
    spawn,
    program,
    args,
    cwd,
    signal,
    silenceMs,
    limitMs,
    onLine(line) {
      last.push(line)
      if (last.length > keptLines) last.shift()
      onLine(line)
    }
  })
  const code = await tool.ended.catch((cause: unknown) => {
    const error = AppError.from(cause)
    if (error.code !== 'job.cancelled') throw error
    throw new AppError('job.cancelled', 'The core was not made.', 'Connect the board again to make it.')
  })
  if (code === 0) return
  const complaint = last.find((line) => /error/i.test(line)) ?? last.at(-1) ?? 'no output'
  throw new AppError(
    'tool.failed',
    `${path.basename(program)} ended with code ${code}: ${complaint.trim()}`,
    'Check that Verilator, a C++ compiler and make work together: Debian: apt install verilator g++ make.',
    { details: { output: last.join('\n') } }
  )
}

/** Files and folders of an attempt, with the process that makes it. */
const attemptName = new RegExp(String.raw`^(?:${rtlVariants.join('|')})-[0-9a-f]{16}\.(\d+)(?:\.\w{6})?$`)

/** Removes what attempts left whose process has ended; files of other users in the temporary folder stay. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = attemptName.exec(name)?.[1]
    if (pid !== undefined && !isProcessAlive(Number(pid)))
      await rm(path.join(folder, name), { recursive: true, force: true }).catch(() => undefined)
  }
}
