import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { openBoardSession } from '@main/board/boardSession'
import { bootMonitor } from '@main/board/load/boardBoot'
import { spawnTethered } from '@main/board/links/killWithParent'
import type { Link } from '@main/board/links/link'
import { openNetworkLink } from '@main/board/links/network/networkLink'
import { resourcePath } from '@main/paths'
import { AppError } from '@shared/errors'
import { freePort } from '../support/freePort'
import { hasTool, sayskip } from '../support/ptyPair'

/**
 * Debian's U-Boot in supervisor mode under OpenSBI on QEMU's sifive_u, whose console is SiFive's UART. Over TCP: QEMU 7.2 does not
 * hand on what comes to that UART over a pty.
 */
const files = [
  '/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf',
  '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf'
] as const
const missing = [
  ...(hasTool('qemu-system-riscv64') ? [] : ['qemu-system-riscv64']),
  ...(files.every(existsSync) ? [] : ['u-boot-qemu and opensbi'])
]
if (missing.length > 0) sayskip('U-Boot on SiFive’s machine', missing.join(' and '))

let machine: ChildProcess | null = null
afterEach(() => machine?.kill('SIGKILL'))

async function start(): Promise<Link> {
  const port = await freePort()
  const serial = `tcp:127.0.0.1:${port},server=on,wait=on,nodelay=on`
  const options = ['-M', 'sifive_u', '-m', '512M', '-display', 'none', '-monitor', 'none', '-serial', serial]
  const started = spawnTethered(spawn, 'qemu-system-riscv64', [
    ...options,
    ...['-kernel', files[0], '-bios', files[1]]
  ])
  for (const output of [started.stdout, started.stderr]) output.resume()
  machine = started
  for (let tries = 0; ; tries++)
    try {
      return await openNetworkLink({
        address: { scheme: 'tcp', host: '127.0.0.1', tcpPort: port },
        baudRate: 115_200
      })
    } catch (error) {
      if (tries > 1000 || AppError.from(error).code !== 'board.notFound') throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
}

describe.skipIf(missing.length > 0)('a U-Boot on SiFive’s machine', { timeout: 600_000 }, () => {
  it('takes a monitor by Kermit, which drives SiFive’s UART', async () => {
    const link = await start()
    const session = openBoardSession({ link, onText: () => undefined, nonce: () => 1 })
    try {
      const { info, image, loader } = await bootMonitor(session, {
        loader: 'auto',
        description: null,
        readMonitor: async (name, ending = 'bin') =>
          new Uint8Array(readFileSync(resourcePath('firmware', 'build', `${name}.${ending}`))),
        nowMs: () => performance.now(),
        signal: new AbortController().signal,
        onProgress: () => undefined
      })
      expect(image).toMatchObject({ name: 'monitor-rv64s.bin', entry: 0x8080_0000 })
      expect(loader).toBe('kermit')
      // By its identity registers: QEMU's are the same on all its machines.
      expect(info).toMatchObject({ xlen: 64, coreName: 'qemu-virt' })
      expect(info.counters).toEqual({ cycles: true, instructions: true })
      expect(info.cycleSource).toBeUndefined()
      for (const bits of [8, 2] as const) {
        const item = {
          kernel: 'matmul',
          activationBits: bits,
          weightBits: bits,
          dims: [4, 8, 64] as number[]
        } as const
        const result = await session.bench({ ...item, repetitions: 2, seed: 5 })
        expect(result.checksum).toBe(expectedChecksum(item, 5))
        expect(result.cycles[0]).toBeGreaterThan(1_000)
      }
      expect((await session.reset()).buildId).toBe(info.buildId)
    } finally {
      await link.close()
    }
  })
})
