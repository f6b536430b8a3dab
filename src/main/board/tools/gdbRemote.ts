import type { spawn as nodeSpawn } from 'node:child_process'
import {
  checkCompared,
  downloadProgress,
  explainGdb,
  type GdbStep,
  parseCompareSections
} from '../../../core/board/tools/gdbLoad'
import { type MiRecord, type MiValue, miString, parseMi } from '../../../core/board/tools/gdbMi'
import { AppError } from '../../../shared/errors'
import { formatBytes, formatHex } from '../../../shared/units'
import type { DebugOutcome, DebugProgram, DebugProgress } from './debugProgram'
import { withToolFile } from './toolFile'
import { startTool } from './toolProcess'

/** How a program is loaded through a GDB server. */
export interface GdbLoadOptions extends DebugProgress {
  spawn: typeof nodeSpawn
  /** gdb-multiarch, or a GDB for RISC-V. */
  program: string
  /** `host:port` of a GDB server: OpenOCD, QEMU, a probe. */
  server: string
  start: boolean
}

/** GDB's own wait for a server; connecting locally takes milliseconds. */
const connectSeconds = 5
const silenceMs = 30_000
/** JTAG through a slow server still writes a few kilobytes a second. */
const limitMs = (sizeBytes: number): number => 60_000 + sizeBytes
/** A program that traps at its first instruction does so within this. */
const earlyStopMs = 150

/**
 * Loads a program over the GDB remote protocol (`target extended-remote`): writes its sections, compares them with the
 * memory, sets the program counter and lets the core run. GDB leaves the core as it is then: running, or halted.
 *
 * @throws board.notFound (no server listens), board.wrongBoard (other width), board.addressRange, board.crcMismatch
 *   (memory differs afterwards), board.disconnected, board.timeout, job.cancelled
 */
export async function loadWithGdb(program: DebugProgram, options: GdbLoadOptions): Promise<DebugOutcome> {
  return await withToolFile('program.elf', program.elf, async (file) => {
    const gdb = startGdb(options, program)
    try {
      await gdb.ask('file', '-gdb-set confirm off')
      await gdb.ask('file', '-gdb-set mi-async on')
      await gdb.ask('connect', `-gdb-set tcp connect-timeout ${connectSeconds}`)
      await gdb.ask('file', `-file-exec-and-symbols ${miString(file)}`)
      await gdb.ask('connect', `-target-select extended-remote ${options.server}`)
      options.onProgress(0, 'writing')
      await gdb.ask('write', '-target-download')
      options.onProgress(program.sizeBytes, 'comparing')
      const compared = parseCompareSections(
        (await gdb.ask('verify', '-interpreter-exec console "compare-sections"')).text
      )
      if (compared.length === 0) {
        throw new AppError('tool.failed', 'GDB compared nothing.', 'Use a newer GDB, or another loader.')
      }
      checkCompared(compared)
      await gdb.ask('start', `-gdb-set var $pc = ${formatHex(program.entry)}`)
      const verified = `${formatBytes(program.sizeBytes)} written and compared`
      if (!options.start) return { result: `${verified}; the core is halted` }
      await gdb.ask('start', '-exec-continue')
      await gdb.checkRunning()
      return { result: `${verified}, running from ${formatHex(program.entry)}` }
    } finally {
      await gdb.leave()
    }
  })
}

interface Gdb {
  /** Runs one command; returns its values and the console text it printed. */
  ask(step: GdbStep, command: string): Promise<{ values: Record<string, MiValue>; text: string }>
  /** @throws board.faulted when the core stopped right after its start */
  checkRunning(): Promise<void>
  /** Detaches from the core, which keeps its state, and ends GDB. */
  leave(): Promise<void>
}

function startGdb(options: GdbLoadOptions, program: DebugProgram): Gdb {
  let token = 0
  let text = ''
  let stopped: Record<string, MiValue> | null = null
  let settle: ((record: MiRecord & { kind: 'result' }) => void) | null = null

  const run = startTool({
    spawn: options.spawn,
    program: options.program,
    // --nx: no start-up files of the user's, which may change what commands do.
    args: ['--nx', '--quiet', '--interpreter=mi2'],
    signal: options.signal,
    silenceMs,
    limitMs: limitMs(program.sizeBytes),
    onLine(line) {
      const record = parseMi(line)
      if (record === null) return
      const progress = downloadProgress(record, program.sizeBytes)
      if (progress !== null) options.onProgress(progress.fraction * program.sizeBytes, progress.note)
      if (record.kind === 'stream') text += record.text
      if (record.kind === 'async' && record.class === 'stopped') stopped = record.values
      if (record.kind === 'result' && record.token === token) settle?.(record)
    }
  })
  let hasEnded = false
  void run.ended.then(
    () => (hasEnded = true),
    () => (hasEnded = true)
  )

  return {
    async ask(step, command) {
      text = ''
      stopped = null
      const reply = new Promise<MiRecord & { kind: 'result' }>((resolve) => (settle = resolve))
      run.write(`${++token}${command}\n`)
      const record = await Promise.race([
        reply,
        run.ended.then((code) => {
          throw new AppError(
            'tool.failed',
            `GDB ended ${code === null ? 'by a signal' : `with status ${code}`} in the middle of its work.`,
            'Start the program by hand to see why.',
            { details: { step, output: text } }
          )
        })
      ])
      if (record.class !== 'error') return { values: record.values, text }
      throw explainGdb(step, `${text.trim()} ${String(record.values['msg'] ?? '')}`.trim(), options.server)
    },
    async checkRunning() {
      await new Promise((resolve) => setTimeout(resolve, earlyStopMs))
      const seen = stopped
      if (seen === null) return
      const why = String(seen['signal-meaning'] ?? seen['reason'] ?? 'no reason given')
      throw new AppError(
        'board.faulted',
        `${program.name} stopped right after its start: ${why}.`,
        'Check its load address and its start-up code.',
        { details: { stopped: seen } }
      )
    },
    async leave() {
      if (!hasEnded) {
        settle = null
        run.write('-target-disconnect\n-gdb-exit\n')
        const timer = setTimeout(() => void run.stop(), 3_000)
        await run.ended.catch(() => undefined)
        clearTimeout(timer)
      }
    }
  }
}
