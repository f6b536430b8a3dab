import { spawn, type ChildProcess } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { quotedForShell, remoteWords, shellsOf } from '../../core/remote/remoteWords'
import type { GpuHost } from '../../shared/contract/remote'
import { AppError } from '../../shared/errors'
import { processGroupOf } from '../files/processGroup'

/** A way to a program on another machine: text there and back, until it ends. */
export interface LineChannel {
  send(text: string): Promise<void>
  /** What the program writes; ends when it has ended. */
  readonly chunks: AsyncIterable<string>
  /** How it ended; null when a signal ended it. */
  readonly ended: Promise<number | null>
  /** Ends it by SIGTERM, and by SIGKILL where that does not end it in time. */
  stop(): Promise<void>
}

/** Files of a shared folder by which both sides talk. */
export const channelFiles = { orders: 'orders', reports: 'reports', script: 'job.sh' } as const

/** Time between two looks at a file of a shared folder, ms. */
export const lookMs = 100
/** A line without words: the machine that ordered the work is still there. */
const beat = '\n'
/** Between two of them, ms. */
const beatMs = 10_000
/** Without one for so long, the machine that ordered the work counts as gone, ms. */
export const silenceLimitMs = 120_000
/** Time for ssh or srun to end what they started, ms. */
const stopGraceMs = 5_000

/**
 * Starts Bitbench on a host and returns the way to it.
 * @param onErrorText gets what the prefix and the far program write on standard error
 * @throws AppError remote.unreachable where the prefix cannot be started
 */
export async function openChannel(host: GpuHost, onErrorText: (text: string) => void): Promise<LineChannel> {
  const agent = [...host.bitbench, 'remote', 'agent']
  return host.sharedFolder === null
    ? await openPipes(host, agent, onErrorText)
    : await openFiles(host, host.sharedFolder, agent, onErrorText)
}

const shellsFor = ({ prefix, shells }: GpuHost): number => shells ?? shellsOf(prefix)

async function openPipes(
  host: GpuHost,
  agent: readonly string[],
  onErrorText: (text: string) => void
): Promise<LineChannel> {
  const child = await started(remoteWords(host.prefix, agent, shellsFor(host)), 'pipe')
  const ended = endOf(child)
  child.stderr!.setEncoding('utf8').on('data', onErrorText)
  // A far side that has ended is noticed at the end of its output.
  child.stdin!.on('error', () => undefined)
  return {
    send: (text) => new Promise((resolve) => child.stdin!.write(text, () => resolve())),
    chunks: child.stdout!.setEncoding('utf8'),
    ended,
    stop: () => stopGroup(child, ended)
  }
}

/** Talks through files: `sbatch` starts its script later, perhaps twice, and connects neither its input nor its output. */
async function openFiles(
  host: GpuHost,
  folder: string,
  agent: readonly string[],
  onErrorText: (text: string) => void
): Promise<LineChannel> {
  await mkdir(folder, { recursive: true })
  const own = await mkdtemp(path.join(folder, 'bitbench-'))
  const file = (name: keyof typeof channelFiles): string => path.join(own, channelFiles[name])
  const words = [...agent, '--folder', own].map(quotedForShell).join(' ')
  await writeFile(file('script'), `#!/bin/sh\nexec ${words}\n`, { mode: 0o700 })
  await writeFile(file('orders'), '', { mode: 0o600 })
  await writeFile(file('reports'), '', { mode: 0o600 })
  const child = await started(remoteWords(host.prefix, [file('script')], shellsFor(host)), 'ignore')
  const ended = endOf(child)
  let said = ''
  const hear = (text: string): void => {
    said = (said + text).slice(-4096)
    onErrorText(text)
  }
  child.stdout!.setEncoding('utf8').on('data', hear)
  child.stderr!.setEncoding('utf8').on('data', hear)
  const remove = (): Promise<void> => rm(own, { recursive: true, force: true })
  const timer = setInterval(() => void appendFile(file('orders'), beat).catch(() => undefined), beatMs)
  timer.unref()
  return {
    send: (text) => appendFile(file('orders'), text),
    chunks: followed(file('reports'), ended),
    ended,
    async stop() {
      clearInterval(timer)
      await cancelBatchJob(host, said)
      await stopGroup(child, ended)
      await remove()
    }
  }
}

/** Runs scancel behind the words before `sbatch`: the end of `sbatch --wait` does not end its job. */
async function cancelBatchJob({ prefix }: GpuHost, said: string): Promise<void> {
  const at = prefix.findIndex((word) => path.basename(word) === 'sbatch')
  const job = /Submitted batch job (\d+)/.exec(said)?.[1]
  if (at < 0 || job === undefined) return
  const scancel = path.join(path.dirname(prefix[at]), 'scancel')
  const [program, ...args] = [...prefix.slice(0, at), scancel, job]
  const child = spawn(program, args, { stdio: 'ignore' })
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
}

/** Returns what is appended to a file until the process that started its writer has ended. */
async function* followed(file: string, ended: Promise<number | null>): AsyncGenerator<string> {
  let over = false
  void ended.then(() => (over = true))
  yield* grownText(file, () => over)
}

/**
 * What is in a file and what is appended to it, until `isOver` and everything is read.
 * @param silence ends it too where nothing came for `limitMs` by a steady clock, once the writer has sent a line without words:
 * a writer of an older version sends none and is waited for
 */
export async function* grownText(
  file: string,
  isOver: () => boolean,
  silence: { limitMs: number; steadyMs: () => number } | null = null
): AsyncGenerator<string> {
  const handle = await open(file, 'r')
  const decoder = new TextDecoder()
  const buffer = Buffer.alloc(256 * 1024)
  let heardMs = silence?.steadyMs() ?? 0
  let last = '\n'
  let hasBeat = false
  try {
    for (let offset = 0; ;) {
      const isLast = isOver()
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset)
      offset += bytesRead
      if (bytesRead > 0) {
        const text = decoder.decode(buffer.subarray(0, bytesRead), { stream: true })
        hasBeat ||= (last + text).includes('\n\n')
        last = text.at(-1) ?? last
        heardMs = silence?.steadyMs() ?? 0
        yield text
      } else if (isLast) return
      else if (silence !== null && hasBeat && silence.steadyMs() - heardMs > silence.limitMs) return
      else await pause(lookMs)
    }
  } finally {
    await handle.close()
  }
}

/** Starts a program as a process group without a terminal, so that ssh does not wait for a password that no person can type. */
async function started(words: readonly string[], stdin: 'pipe' | 'ignore'): Promise<ChildProcess> {
  const [program, ...args] = words
  const child = spawn(program, args, { stdio: [stdin, 'pipe', 'pipe'], detached: true, windowsHide: true })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) =>
      reject(
        new AppError(
          'remote.unreachable',
          `${program} cannot be started: ${cause.message}.`,
          'Install it, or change the prefix of the host.',
          { cause }
        )
      )
    )
  })
  return child
}

const endOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('close', (code) => resolve(code)))

/** Ends the prefix by SIGTERM (ssh closes, srun cancels its allocation), and by SIGKILL where that does not end it. */
async function stopGroup(child: ChildProcess, ended: Promise<number | null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const group = processGroupOf(child)
  child.stdin?.end()
  group.terminate()
  const timer = setTimeout(() => group.kill(), stopGraceMs)
  await ended
  clearTimeout(timer)
}
