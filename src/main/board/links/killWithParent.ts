import type { ChildProcess, spawn as nodeSpawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/**
 * A child that cannot outlive this process, however that ends: even after kill -9, when no process is left to stop it. A shell
 * becomes the child (exec keeps its process id), after starting a watcher that reads a pipe of ours. The kernel closes the pipe when
 * this process is gone, and the watcher ends the child. A word on the pipe sends the watcher home instead.
 */
const script = '(read -r word <&3 || kill -9 $$) </dev/null >/dev/null 2>&1 & exec "$@" 3<&-'

/** Exit codes of a shell that cannot find or run a program (POSIX, "Exit Status for Commands"). */
export const notStartedCodes: readonly number[] = [126, 127]

/** A child with pipes on all three ends. */
export type PipedChild = ChildProcess & { stdin: Writable; stdout: Readable; stderr: Readable }

/**
 * Starts `program` tied to this process. On Windows, which has no such shell, it is started plainly. A program that cannot be
 * started shows as an `error` event there and as one of `notStartedCodes` elsewhere.
 */
export function spawnTethered(
  spawn: typeof nodeSpawn,
  program: string,
  args: readonly string[],
  platform: NodeJS.Platform = process.platform
): PipedChild {
  if (platform === 'win32') {
    return spawn(program, [...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  }
  const child = spawn('/bin/sh', ['-c', script, program, program, ...args], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe']
  }) as PipedChild
  const tether = child.stdio[3] as Writable | null
  // A watcher that was killed takes its end of the pipe along; that must not end this process.
  tether?.on('error', () => undefined)
  child.once('exit', () => tether?.end('done\n'))
  return child
}
