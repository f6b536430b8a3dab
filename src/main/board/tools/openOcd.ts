import type { spawn as nodeSpawn } from 'node:child_process'
import path from 'node:path'
import { createOpenOcdOutput, type OpenOcdOutput } from '../../../core/board/tools/openOcdLog'
import { AppError } from '../../../shared/errors'
import { formatBytes, formatHex } from '../../../shared/units'
import type { DebugOutcome, DebugProgram, DebugProgress } from './debugProgram'
import { withToolFile } from './toolFile'
import { startTool } from './toolProcess'

/** How a program is loaded through OpenOCD. */
export interface OpenOcdLoadOptions extends DebugProgress {
  spawn: typeof nodeSpawn
  program: string
  /** Configuration scripts in order: `board/x.cfg`, or `interface/x.cfg` and `target/y.cfg`, or a path of the user's. */
  configs: readonly string[]
  /** Reset the core before it is halted. Not for boards whose DRAM a boot loader has set up: a reset undoes that. */
  reset: boolean
  /** Into a flash bank of the configuration, its sectors erased first; else into memory. */
  flash?: boolean
  start: boolean
}

const silenceMs = 30_000
/** System bus access over a slow adapter writes about a kilobyte a second. */
const limitMs = (sizeBytes: number): number => 60_000 + 4 * sizeBytes

/** How long OpenOCD may say nothing while it writes: memory is written in pieces, flash as a whole without a word. */
export function quietWriteMs(sizeBytes: number, intoFlash: boolean): number {
  return intoFlash ? limitMs(sizeBytes) : silenceMs
}

/** The program is written in about this many pieces; each one written is reported as progress. */
const pieces = 32
const minPieceBytes = 4_096
/** No servers: this run loads and leaves, and another OpenOCD may have the usual ports. */
const quiet = ['-c', 'gdb_port disabled; tcl_port disabled; telnet_port disabled']

/**
 * Loads a program through a debug adapter with OpenOCD: first only looks at the JTAG chain (OpenOCD would go on with a
 * chip it does not expect), then halts the core, writes, verifies, and starts.
 *
 * @throws board.notFound (no adapter, no chip), board.permission, board.wrongBoard, board.addressRange,
 *   board.crcMismatch, input.notFound (no such script), board.timeout, job.cancelled
 */
export async function loadWithOpenOcd(
  program: DebugProgram,
  options: OpenOcdLoadOptions
): Promise<DebugOutcome> {
  const scripts = options.configs.map(checkScript).flatMap((script) => ['-f', script])
  options.onProgress(0, 'looking at the chip')
  const look = ['-c', 'init', '-c', 'shutdown']
  await run(createOpenOcdOutput(0), [...quiet, ...scripts, ...look], program, silenceMs, options)
  return await withToolFile('program.elf', program.elf, async (file) => {
    const output = createOpenOcdOutput(program.sizeBytes)
    const { reset, flash = false, start } = options
    const commands = [
      'init',
      reset || flash ? 'reset halt' : 'halt',
      ...(flash
        ? [`flash write_image erase {${file}} 0 elf`]
        : windows(program).map(([from, bytes]) => `load_image {${file}} 0 elf ${formatHex(from)} ${bytes}`)),
      `verify_image {${file}} 0 elf`,
      // A program in flash begins as after power-on.
      ...(start ? [flash ? 'reset run' : `resume ${formatHex(program.entry)}`] : []),
      'shutdown'
    ]
    await run(
      output,
      [...quiet, ...scripts, ...commands.flatMap((command) => ['-c', command])],
      program,
      quietWriteMs(program.sizeBytes, flash),
      options
    )
    if (!output.isVerified) {
      throw new AppError('tool.failed', 'OpenOCD verified nothing.', 'Use OpenOCD 0.11 or newer.')
    }
    const verified = `${formatBytes(program.sizeBytes)} written and verified`
    return {
      result: options.start
        ? `${verified}, running from ${formatHex(program.entry)}`
        : `${verified}; the core is halted`
    }
  })
}

async function run(
  output: OpenOcdOutput,
  args: string[],
  program: DebugProgram,
  silenceMs: number,
  { spawn, program: openocd, signal, onProgress }: OpenOcdLoadOptions
): Promise<void> {
  const tool = startTool({
    spawn,
    program: openocd,
    args,
    signal,
    silenceMs,
    limitMs: limitMs(program.sizeBytes),
    onLine(line) {
      const progress = output.line(line)
      if (progress !== null) onProgress(progress.fraction * program.sizeBytes, progress.note)
    }
  })
  const failure = output.failure(await tool.ended)
  if (failure !== null) throw failure
}

/** `load_image` takes a window of addresses; one window after another shows how far it is. */
function windows({ from, to }: DebugProgram): [from: number, bytes: number][] {
  const step = Math.max(minPieceBytes, Math.ceil((to - from) / pieces / 4) * 4)
  const all: [number, number][] = []
  for (let at = from; at < to; at += step) all.push([at, Math.min(step, to - at)])
  return all
}

/** Scripts of OpenOCD's own by their relative name, the user's by an absolute path. */
function checkScript(script: string): string {
  const isOwn = /^[\w-]+(?:\/[\w.+-]+)+\.cfg$/.test(script) && !script.includes('..')
  if (isOwn || path.isAbsolute(script)) return script
  throw new AppError(
    'input.invalid',
    `"${script}" names no OpenOCD script.`,
    'Give board/NAME.cfg, interface/NAME.cfg or target/NAME.cfg, or the full path of a script.'
  )
}
