import type { ChildProcess, spawn as nodeSpawn } from 'node:child_process'
import { AppError } from '../../../shared/errors'
import type { Link } from './link'
import { createQmp } from './qmp'
import { notStartedCodes, spawnTethered } from './killWithParent'

/** Program and arguments of a QEMU board. */
export interface QemuOptions {
  /** qemu-system-riscv32, or -riscv64 for a U-Boot. */
  program: string
  /** Board arguments, e.g. ['-kernel', 'monitor.elf'] or ['-bios', 'u-boot.bin']. */
  boardArguments: readonly string[]
  spawn: typeof nodeSpawn
  label?: string
  /** Counts instructions instead of following the host clock (docs/boards.md); default true. */
  countInstructions?: boolean
}

const startTimeoutMs = 10_000

/**
 * QEMU's `virt` board on its pty. The machine starts halted (-S) and runs on only when the pty is open, so that no
 * early output is lost; control goes over QMP on the child's stdin and stdout.
 *
 * @throws board.faulted with what QEMU printed, tool.missing when the program cannot be started
 */
export async function openQemuLink(options: QemuOptions): Promise<Link> {
  const { program, boardArguments, spawn, label = 'qemu', countInstructions = true } = options
  const child = spawnTethered(spawn, program, [
    ...['-M', 'virt', '-display', 'none', '-S', '-serial', 'pty', '-qmp', 'stdio'],
    ...(countInstructions ? ['-icount', 'shift=0'] : []),
    ...boardArguments
  ])
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 4_096) complaint += chunk.toString('utf8')
  })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const stop = async (): Promise<void> => {
    await stopChild(child, exited)
  }
  try {
    const failure = new Promise<never>((_, reject) => {
      child.once('error', (cause) => reject(notStarted(program, cause.message)))
      // When its pipes are empty, so that its last words are in the message.
      child.once('close', (code) => {
        const words = complaint.trim() || `exit code ${code}`
        reject(notStartedCodes.includes(code ?? 0) ? notStarted(program, words) : faulted(label, words))
      })
    })
    failure.catch(() => undefined)
    const qmp = createQmp(child.stdin, child.stdout)
    const port = await Promise.race([failure, ptyOf(qmp), late(label, () => complaint)])
    // Loaded on first use, as in boardAdapters.ts.
    const { openSerialLink } = await import('./serialLink')
    const inner = await openSerialLink({
      port,
      baudRate: 115_200,
      // A pty has no line speed: bytes go as fast as both ends take them.
      descriptor: { kind: 'qemu', label, baudRate: null, lossy: false }
    })
    // The pty goes away with QEMU; without QEMU the pty of a closed link would linger.
    inner.onClose(() => void stop())
    await Promise.race([failure, qmp.execute('cont')])
    return withoutLine(inner, async () => {
      await inner.close()
      await stop()
    })
  } catch (error) {
    await stop()
    throw error
  }
}

/** The pty's link, without the speed and modem lines that a pty accepts without effect. */
function withoutLine(inner: Link, close: () => Promise<void>): Link {
  return {
    get descriptor() {
      return inner.descriptor
    },
    get closed() {
      return inner.closed
    },
    write: inner.write,
    onData: inner.onData,
    onClose: inner.onClose,
    setBaud: async () => undefined,
    setSignals: async () => false,
    close
  }
}

async function ptyOf(qmp: ReturnType<typeof createQmp>): Promise<string> {
  await qmp.ready
  await qmp.execute('qmp_capabilities')
  const devices = (await qmp.execute('query-chardev')) as { label: string; filename: string }[]
  const serial = devices.find((device) => device.label === 'serial0')?.filename
  if (serial === undefined || !serial.startsWith('pty:'))
    throw faulted('qemu', `it has no pty (${serial ?? 'none'})`)
  return serial.slice('pty:'.length)
}

async function stopChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 2_000)
    await exited
    clearTimeout(timer)
  }
  child.stdin?.destroy()
  child.stdout?.destroy()
  child.stderr?.destroy()
}

function notStarted(program: string, why: string): AppError {
  return new AppError(
    'tool.missing',
    `${program} cannot be started: ${why}`,
    'Debian: apt install qemu-system-misc'
  )
}

function late(label: string, complaint: () => string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(
      () => reject(faulted(label, complaint().trim() || 'it did not reply in time')),
      startTimeoutMs
    ).unref()
  })
}

function faulted(label: string, what: string): AppError {
  return new AppError(
    'board.faulted',
    `${label} did not start: ${what}`,
    'Check that QEMU runs at all (qemu-system-riscv32 --version) and has the virt board.'
  )
}
