import { spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export const hasTool = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0

/** Says on stderr what a test run could not check, so that a skip is never silent. */
export function sayskip(what: string, missing: string): void {
  process.stderr.write(`SKIPPED ${what}: ${missing} is not installed\n`)
}

export interface PtyPair {
  /** For the product under test. */
  port: string
  /** For the peer. */
  peer: string
  /** Ends socat: both ends hang up, as an unplugged adapter does. */
  unplug(): Promise<void>
}

/** Two connected ptys by socat. */
export async function createPtyPair(): Promise<PtyPair> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-pty-'))
  const port = path.join(folder, 'host')
  const peer = path.join(folder, 'board')
  const child = spawn('socat', [`pty,raw,echo=0,link=${port}`, `pty,raw,echo=0,link=${peer}`], {
    stdio: 'ignore'
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  for (let tries = 0; !(existsSync(port) && existsSync(peer)); tries++) {
    if (tries > 5000) throw new Error('socat made no ptys')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  // socat takes a pty whose last user left for ended and drops what is still on the way.
  const hold = openSync(peer, constants.O_RDWR | constants.O_NOCTTY)
  let isHeld = true
  return {
    port,
    peer,
    async unplug() {
      if (isHeld) closeSync(hold)
      isHeld = false
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
