// `npm run bench:upload [-- --json] [--rounds 3]`: how fast bytes reach a board.
// 1. The own monitor on a paced line, as a share of the line rate, bar 95 %: in line time (what the protocol allows; the same on
//    every run) and by this computer's clock (which a busy computer spoils: `chrt -r 1` before the command helps).
// 2. YMODEM and XMODEM-1K to U-Boot in QEMU beside lrzsz's `sb` and `sx -k`, medians over interleaved rounds; bar 1.5 x.
//    Skipped loudly where QEMU, u-boot-qemu or lrzsz are missing.
import { existsSync, rmSync } from 'node:fs'
import os from 'node:os'
import { createRandom } from '../src/core/math/random'
import { hasTool, sayskip } from '../test/support/ptyPair'
import { bundleWorker } from '../test/support/workerFile'
import { pacedInLineTime, pacedInWallTime, type PacedRow } from './uploadPaced'
import { besideLrzsz, middle, ubootFile, type UbootRow } from './uploadUboot'
import { readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' } }
  },
  { rounds: whole() }
)
const rounds = Number(values.rounds)
const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`)
const noise = (length: number): Uint8Array => {
  const random = createRandom(length)
  return Uint8Array.from({ length }, () => random.integer(256))
}
const show = ({ baudRate, time, bytesPerSecond, shareOfLineRate }: PacedRow): string =>
  `own monitor at ${baudRate} baud: ${(bytesPerSecond / 1024).toFixed(1)} KiB/s, ${(shareOfLineRate * 100).toFixed(1)} % of the line rate in ${time} time`

const sizes = [
  [115_200, 48 * 1024],
  [921_600, 256 * 1024]
] as const
const paced: PacedRow[] = []
for (const [baudRate, size] of sizes) {
  const row = await pacedInLineTime(baudRate, noise(size))
  paced.push(row)
  say(`${show(row)} (bar 95 %)`)
}
const workerFile = await bundleWorker('src/main/board/links/virtualBoardWorker.ts')
for (const [baudRate, size] of sizes) {
  const runs: PacedRow[] = []
  for (let round = 0; round < rounds; round++) {
    runs.push(await pacedInWallTime(baudRate, noise(size / 2), workerFile))
  }
  const half = middle(runs.map((run) => run.shareOfLineRate))
  const row = runs.find((run) => run.shareOfLineRate === half)!
  paced.push(row)
  say(
    `${show(row)} (median of ${rounds}; load ${os.loadavg()[0]!.toFixed(1)} on ${os.cpus().length} processors)`
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
  uboot = await besideLrzsz(noise(64 * 1024), rounds)
  for (const { sender, bytesPerSecond } of uboot)
    say(`${sender.padEnd(11)} to U-Boot in QEMU: ${(bytesPerSecond / 1024).toFixed(1)} KiB/s`)
  const speed = (sender: string): number => uboot.find((row) => row.sender === sender)!.bytesPerSecond
  const times = (own: string, peer: string): string => (speed(own) / speed(peer)).toFixed(2)
  say(
    `YMODEM ${times('own ymodem', 'sb')} x sb, XMODEM-1K ${times('own xmodem', 'sx -k')} x sx -k (medians of ${rounds} rounds in turns, bar 1.5 x)`
  )
}
if (values.json) {
  const machine = os.cpus()[0]?.model ?? 'unknown'
  process.stdout.write(`${JSON.stringify({ machine, paced, uboot }, null, 2)}\n`)
}
process.exit(0)
