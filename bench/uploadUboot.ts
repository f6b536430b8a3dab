// YMODEM and XMODEM-1K to U-Boot in QEMU beside lrzsz's `sb` and `sx -k`: same emulator, same file, in turns.
import { spawn } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { ubootLoad } from '../src/core/board/loaders/uboot'
import { converse } from '../src/main/board/runConversation'
import type { Link } from '../src/main/board/links/link'
import { createQmp } from '../src/main/board/links/qmp'
import { openSerialLink } from '../src/main/board/links/serialLink'
import { spawnTethered } from '../src/main/board/links/killWithParent'

export const ubootFile = '/usr/lib/u-boot/qemu-riscv64/u-boot.bin'
const address = 0x8020_0000

export interface UbootRow {
  sender: string
  bytes: number
  /** Median over the rounds. */
  bytesPerSecond: number
  secondsOfRounds: number[]
}

/**
 * Times whole loads. Ours are timed from the prompt to the prompt, with their queries and the CRC that
 * U-Boot computes; lrzsz's from the receiver's first request to its own end, so the comparison favours it.
 */
export async function besideLrzsz(bytes: Uint8Array, rounds: number): Promise<UbootRow[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-upload-'))
  const file = path.join(folder, 'image.bin')
  writeFileSync(file, bytes)
  const child = spawnTethered(spawn, 'qemu-system-riscv64', [
    ...['-M', 'virt', '-display', 'none', '-S', '-serial', 'pty', '-qmp', 'stdio', '-bios', ubootFile]
  ])
  const times = new Map<string, number[]>()
  const timed = async (sender: string, work: () => Promise<unknown>): Promise<void> => {
    const startMs = performance.now()
    await work()
    const seconds = (performance.now() - startMs) / 1000
    process.stderr.write(`  ${sender}: ${seconds.toFixed(1)} s\n`)
    times.set(sender, [...(times.get(sender) ?? []), seconds])
  }
  let hold = -1
  try {
    const qmp = createQmp(child.stdin, child.stdout)
    await qmp.ready
    await qmp.execute('qmp_capabilities')
    const devices = (await qmp.execute('query-chardev')) as { label: string; filename: string }[]
    const port = devices.find((device) => device.label === 'serial0')!.filename.slice('pty:'.length)
    // Held open throughout: QEMU notices a pty that is opened again only a second later.
    hold = openSync(port, constants.O_RDWR | constants.O_NOCTTY)
    let link = await openSerialLink({ port, baudRate: 115_200 })
    await qmp.execute('cont')
    await prompt(link, '\x03\r')
    const own = (method: 'ymodem' | 'xmodem') =>
      timed(`own ${method}`, () =>
        converse(link, ubootLoad({ name: 'image.bin', address, bytes, method, crc32: crc32(bytes) }))
      )
    const peer = async (sender: string, verb: string, command: readonly string[]): Promise<void> => {
      await ready(link, verb)
      await link.close()
      await timed(sender, () => lrzsz([...command, file], port))
      link = await openSerialLink({ port, baudRate: 115_200 })
      await prompt(link, '\r')
    }
    for (let round = 0; round < rounds; round++) {
      await own('ymodem')
      await peer('sb', 'loady', ['sb', '-q', '-b'])
      await own('xmodem')
      await peer('sx -k', 'loadx', ['sx', '-q', '-k', '-b'])
    }
    await link.close()
  } finally {
    child.kill('SIGKILL')
    if (hold >= 0) closeSync(hold)
    rmSync(folder, { recursive: true, force: true })
  }
  return [...times].map(([sender, secondsOfRounds]) => ({
    sender,
    bytes: bytes.length,
    bytesPerSecond: bytes.length / middle(secondsOfRounds),
    secondsOfRounds
  }))
}

const lrzsz = (command: readonly string[], port: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const [program = '', ...args] = command
    const line = openSync(port, constants.O_RDWR | constants.O_NOCTTY)
    const child = spawn(program, args, { stdio: [line, line, 'ignore'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), 600_000)
    child.once('exit', (code) => {
      clearTimeout(timer)
      closeSync(line)
      if (code === 0) resolve()
      else reject(new Error(`${command.join(' ')} ended with ${code}`))
    })
  })

/** Sends keys until U-Boot's prompt stands there. */
async function prompt(link: Link, keys: string): Promise<void> {
  await until(link, '\n=> ', async () => link.write(new TextEncoder().encode(keys)))
}

/** Starts a receiver in U-Boot and waits until it asks for the first block. */
async function ready(link: Link, verb: string): Promise<void> {
  const line = `${verb} ${address.toString(16)}\r`
  await until(link, 'bps...', async () => link.write(new TextEncoder().encode(line)))
}

async function until(link: Link, text: string, act: () => Promise<void>): Promise<void> {
  let seen = ''
  let done: () => void = () => undefined
  const found = new Promise<void>((resolve) => (done = resolve))
  const leave = link.onData((bytes) => {
    seen += Buffer.from(bytes).toString('latin1')
    if (seen.includes(text)) done()
  })
  const again = setInterval(() => void act(), 5_000)
  try {
    await act()
    await Promise.race([
      found,
      new Promise((_, reject) =>
        setTimeout(
          () => reject(new Error(`no "${text}" came, but ${JSON.stringify(seen.slice(-200))}`)),
          30_000
        ).unref()
      )
    ])
  } finally {
    clearInterval(again)
    leave()
  }
}

export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}
