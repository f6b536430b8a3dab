import type { spawn as nodeSpawn } from 'node:child_process'
import { AppError } from '../../../shared/errors'
import { notStartedCodes, spawnTethered } from './killWithParent'
import { disconnected, writeTimedOut, writeTimeoutMs, type Link } from './link'
import { createLinkListeners } from './linkListeners'
import { patienceHint, patienceOf } from './patience'

const startTimeoutMs = 60_000

/**
 * A verilated core: `image` runs from reset, null its boot loader; its UART is the program's standard input and output. The link is
 * open when what runs has printed its first bytes, which the first listener gets.
 *
 * @throws board.faulted with what the program printed, tool.missing when it cannot be started
 */
export async function openRtlLink(options: {
  program: string
  image: string | null
  spawn: typeof nodeSpawn
  label: string
}): Promise<Link> {
  const { program, image, spawn, label } = options
  const listeners = createLinkListeners()
  const child = spawnTethered(spawn, program, image === null ? ['--console'] : ['--console', image])
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 4_096) complaint += chunk.toString('utf8')
  })
  // A write to a program that has ended is reported by its callback.
  child.stdin.on('error', () => undefined)
  const exited = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      listeners.end({ kind: 'ended', text: complaint.trim() || `the simulation ended with code ${code}` })
      resolve()
    })
    child.once('error', ({ message }) => {
      listeners.end({ kind: 'failed', text: message })
      resolve()
    })
  })
  const first = new Promise<'speaks'>((resolve) => {
    child.stdout.on('data', (bytes: Buffer) => {
      listeners.data(new Uint8Array(bytes))
      resolve('speaks')
    })
  })
  const close = async (): Promise<void> => {
    listeners.end({ kind: 'asked', text: 'closed' })
    child.kill('SIGKILL')
    await exited
  }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, startTimeoutMs, 'late')))
  const outcome = await Promise.race([first, exited.then(() => 'ended' as const), late])
  clearTimeout(timer)
  if (outcome !== 'speaks') {
    const { closed } = listeners
    await close()
    throw notStarted(program, label, child.exitCode, closed?.text ?? 'it printed nothing')
  }
  return {
    descriptor: { kind: 'rtl', label, port: null, baudRate: null, lossy: false },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    async write(bytes, timeoutMs = writeTimeoutMs(bytes.length, null, patienceOf('rtl'))) {
      if (listeners.closed !== null) throw disconnected(label, listeners.closed)
      await new Promise<void>((resolve, reject) => {
        const clock = setTimeout(
          () => reject(writeTimedOut(label, bytes.length, timeoutMs, patienceHint('rtl'))),
          timeoutMs
        )
        child.stdin.write(bytes, (cause) => {
          clearTimeout(clock)
          if (cause == null) resolve()
          else reject(disconnected(label, listeners.closed))
        })
      })
    },
    // A simulated UART has no line speed and no modem lines.
    setBaud: async () => undefined,
    setSignals: async () => false,
    close
  }
}

function notStarted(program: string, label: string, code: number | null, words: string): AppError {
  return code !== null && notStartedCodes.includes(code)
    ? new AppError('tool.missing', `${program} cannot be started: ${words}`, 'Delete it: it is made again.')
    : new AppError('board.faulted', `${label} did not start: ${words}`, 'Connect it again.')
}
