// `npm run bench:upload [-- --json]`: how fast bytes reach a board.
// 1. The own monitor on a paced link (virtual board): share of the line rate, bar >= 95 %.
// 2. YMODEM and XMODEM-1K to U-Boot in QEMU beside lrzsz's `sb` and `sx -k`, same emulator, same file, in turns; bar
//    >= 1.5 x. Skipped loudly where QEMU, u-boot-qemu or lrzsz are missing.
import { spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { xmodemSend } from '../src/core/board/loaders/xmodem'
import { ymodemSend } from '../src/core/board/loaders/ymodem'
import { createRandom } from '../src/core/random'
import { converse } from '../src/main/board/converse'
import { openSession } from '../src/main/board/boardSession'
import type { Link } from '../src/main/board/link'
import { createPacedLink } from '../src/main/board/pacedLink'
import { createQmp } from '../src/main/board/qmp'
import { openSerialLink } from '../src/main/board/serialLink'
import { openVirtualLink } from '../src/main/board/virtualLink'
import { hasTool, sayskip } from '../test/support/ptyPair'
import { bundleWorker } from '../test/support/workerFile'

const ubootFile = '/usr/lib/u-boot/qemu-riscv64/u-boot.bin'
const isJson = process.argv.includes('--json')
const say = (line: string): void => void (isJson ? process.stderr : process.stdout).write(`${line}\n`)
const noise = (length: number): Uint8Array => {
  const random = createRandom(length)
  return Uint8Array.from({ length }, () => random.integer(256))
}

interface PacedRow {
  baudRate: number
  bytes: number
  bytesPerSecond: number
  shareOfLineRate: number
}

async function paced(baudRate: number, bytes: Uint8Array, workerFile: string): Promise<PacedRow> {
  const firmware = new Uint8Array(readFileSync('resources/firmware/build/monitor.elf'))
  const board = await openVirtualLink({ preset: 'high', firmware, workerFile })
  const session = openSession({
    link: createPacedLink(board, baudRate),
    onText: () => undefined,
    nonce: () => 1
  })
  try {
    const { ram } = await session.hello()
    const startMs = performance.now()
    await session.upload(ram.low, bytes)
    const bytesPerSecond = (bytes.length * 1000) / (performance.now() - startMs)
    return {
      baudRate,
      bytes: bytes.length,
      bytesPerSecond,
      shareOfLineRate: bytesPerSecond / (baudRate / 10)
    }
  } finally {
    await board.close()
  }
}

interface UbootRow {
  sender: string
  bytes: number
  bytesPerSecond: number
}

async function besideLrzsz(bytes: Uint8Array, rounds: number): Promise<UbootRow[]> {
  const child = spawn(
    'qemu-system-riscv64',
    ['-M', 'virt', '-display', 'none', '-S', '-serial', 'pty', '-qmp', 'stdio', '-bios', ubootFile],
    { stdio: ['pipe', 'pipe', 'inherit'] }
  )
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-upload-'))
  const file = path.join(folder, 'image.bin')
  writeFileSync(file, bytes)
  const times = new Map<string, number[]>()
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
    const ownSenders = { ymodem: () => ymodemSend('image.bin', bytes), xmodem: () => xmodemSend(bytes) }
    const peers = {
      'sb (lrzsz)': ['loady', ['sb', '-q', '-b', file]],
      'sx -k (lrzsz)': ['loadx', ['sx', '-q', '-k', '-b', file]]
    } as const
    for (let round = 0; round < rounds; round++) {
      for (const [name, make] of Object.entries(ownSenders)) {
        await ready(link, name === 'ymodem' ? 'loady' : 'loadx')
        const startMs = performance.now()
        await converse(link, make())
        note(`own ${name}`, performance.now() - startMs)
        await prompt(link, '\r')
      }
      for (const [name, [verb, command]] of Object.entries(peers)) {
        await ready(link, verb)
        await link.close()
        const startMs = performance.now()
        await lrzsz(command, port)
        note(name, performance.now() - startMs)
        link = await openSerialLink({ port, baudRate: 115_200 })
        await prompt(link, '\r')
      }
    }
    await link.close()
  } finally {
    child.kill('SIGKILL')
    if (hold >= 0) closeSync(hold)
    rmSync(folder, { recursive: true, force: true })
  }
  return [...times].map(([sender, list]) => ({
    sender,
    bytes: bytes.length,
    bytesPerSecond: (bytes.length * 1000) / middle(list)
  }))

  function note(sender: string, tookMs: number): void {
    process.stderr.write(`  ${sender}: ${(tookMs / 1000).toFixed(1)} s\n`)
    times.set(sender, [...(times.get(sender) ?? []), tookMs])
  }
}

const lrzsz = (command: readonly string[], port: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const [program = '', ...args] = command
    const line = openSync(port, constants.O_RDWR | constants.O_NOCTTY)
    const child = spawn(program, args, { stdio: [line, line, 'ignore'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), 120_000)
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
  await until(link, 'bps...', async () => link.write(new TextEncoder().encode(`${verb} 80200000\r`)))
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

function middle(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

const workerFile = await bundleWorker('src/main/board/virtualBoardWorker.ts')
const lines: PacedRow[] = []
for (const [baudRate, size] of [
  [115_200, 48 * 1024],
  [921_600, 256 * 1024]
] as const) {
  const row = await paced(baudRate, noise(size), workerFile)
  lines.push(row)
  say(
    `own monitor at ${baudRate} baud: ${(row.bytesPerSecond / 1024).toFixed(1)} KiB/s, ${(row.shareOfLineRate * 100).toFixed(1)} % of the line rate (bar 95 %)`
  )
}
rmSync(workerFile, { force: true })

const missing = [
  ...['qemu-system-riscv64', 'sb', 'sx'].filter((tool) => !hasTool(tool)),
  ...(existsSync(ubootFile) ? [] : ['u-boot-qemu'])
]
let uboot: UbootRow[] = []
if (missing.length > 0) sayskip('U-Boot beside lrzsz', missing.join(', '))
else {
  uboot = await besideLrzsz(noise(64 * 1024), 3)
  for (const row of uboot)
    say(`${row.sender.padEnd(14)} to U-Boot in QEMU: ${(row.bytesPerSecond / 1024).toFixed(1)} KiB/s`)
  const speed = (sender: string): number => uboot.find((row) => row.sender === sender)!.bytesPerSecond
  say(
    `YMODEM: ${(speed('own ymodem') / speed('sb (lrzsz)')).toFixed(2)} x sb; XMODEM-1K: ${(speed('own xmodem') / speed('sx -k (lrzsz)')).toFixed(2)} x sx -k (bar 1.5 x)`
  )
}
if (isJson)
  process.stdout.write(
    `${JSON.stringify({ machine: os.cpus()[0]?.model ?? 'unknown', paced: lines, uboot }, null, 2)}\n`
  )
process.exit(0)
