import type { spawn as nodeSpawn } from 'node:child_process'
import { readdir, realpath } from 'node:fs/promises'
import path from 'node:path'
import type { DetectedFpga } from '../../../core/board/tools/openFpgaLoader'
import { boardPrograms, type BoardProgram } from '../../../core/board/tools/toolCatalogue'
import type { BoardTool, DebugRoute, FpgaTarget } from '../../../shared/contract/board/boardTools'
import { AppError } from '../../../shared/errors'
import type { DebugOutcome, DebugProgram, DebugProgress } from './debugProgram'
import { loadWithGdb } from './gdbRemote'
import { type BitstreamOptions, detectFpga, listFpgaNames, writeBitstream } from './openFpgaLoader'
import { loadWithOpenOcd } from './openOcd'
import { startTool } from './toolProcess'

/** Programs of others, found on this machine and driven. Each call throws tool.missing where its program is absent. */
export interface BoardToolAdapter {
  programs(): Promise<BoardTool[]>
  fpgaNames(): Promise<{ boards: { name: string; cable: string | null }[]; cables: string[] }>
  /** OpenOCD's scripts that describe a board, an adapter or a chip: `board/NAME.cfg` and so on. */
  debugScripts(): Promise<string[]>
  detectFpga(target: FpgaTarget, signal: AbortSignal): Promise<DetectedFpga[]>
  writeBitstream(
    file: { name: string; bytes: Uint8Array },
    options: Omit<BitstreamOptions, 'spawn' | 'program'>
  ): Promise<{ result: string }>
  debugLoad(
    route: DebugRoute,
    program: DebugProgram,
    options: DebugProgress & { start: boolean }
  ): Promise<DebugOutcome>
}

const versionLimitMs = 5_000

/** Returns the programs that load bitstreams and programs: openFPGALoader, OpenOCD, gdb. */
export function createBoardToolAdapter(deps: {
  spawn: typeof nodeSpawn
  findProgram: (names: string[]) => Promise<string | null>
}): BoardToolAdapter {
  const { spawn } = deps
  const find = async (name: BoardProgram['name']): Promise<string | null> =>
    await deps.findProgram(boardPrograms.find((program) => program.name === name)!.names)
  const require = async (name: BoardProgram['name']): Promise<string> => {
    const found = await find(name)
    if (found !== null) return found
    throw new AppError(
      'tool.missing',
      `${name} is not installed.`,
      boardPrograms.find((program) => program.name === name)!.hint
    )
  }

  return {
    programs: () =>
      Promise.all(
        boardPrograms.map(async ({ name, purpose, versionArguments, hint }): Promise<BoardTool> => {
          const found = await find(name)
          const version = found === null ? null : await versionOf(spawn, found, versionArguments)
          return { name, purpose, path: found, version, hint }
        })
      ),
    async fpgaNames() {
      const program = await find('openFPGALoader')
      return program === null ? { boards: [], cables: [] } : await listFpgaNames({ spawn, program })
    },
    async debugScripts() {
      const program = await find('openocd')
      return program === null ? [] : await listScripts(program)
    },
    detectFpga: async (target, signal) =>
      await detectFpga({ spawn, program: await require('openFPGALoader'), target, signal }),
    writeBitstream: async (file, options) =>
      await writeBitstream(file, { ...options, spawn, program: await require('openFPGALoader') }),
    debugLoad: async (route, program, options) =>
      route.kind === 'gdb'
        ? await loadWithGdb(program, {
            ...options,
            spawn,
            program: await require('gdb-multiarch'),
            server: route.server
          })
        : await loadWithOpenOcd(program, {
            ...options,
            spawn,
            program: await require('openocd'),
            configs: route.configs,
            reset: route.reset,
            flash: route.flash
          })
  }
}

/** OpenOCD looks for its scripts beside its own folder (src/helper/options.c, add_default_dirs). */
async function listScripts(program: string): Promise<string[]> {
  const own = path.dirname(await realpath(program).catch(() => program))
  const root = path.join(own, '..', 'share', 'openocd', 'scripts')
  const folders = await Promise.all(
    ['board', 'interface', 'target'].map(async (folder) => {
      const files = await readdir(path.join(root, folder), { recursive: true }).catch(() => [])
      return files
        .filter((file) => file.endsWith('.cfg'))
        .map((file) => `${folder}/${file.split(path.sep).join('/')}`)
    })
  )
  return folders.flat().sort()
}

async function versionOf(
  spawn: typeof nodeSpawn,
  program: string,
  args: readonly string[]
): Promise<string | null> {
  const lines: string[] = []
  const tool = startTool({
    spawn,
    program,
    args,
    onLine: (line) => lines.push(line),
    signal: new AbortController().signal,
    silenceMs: versionLimitMs,
    limitMs: versionLimitMs
  })
  await tool.ended.catch(() => null)
  return /\bv?(\d+\.\d+[\w.+-]*)/.exec(lines.join('\n'))?.[1] ?? null
}
