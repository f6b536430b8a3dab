import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkDescription } from '@core/board/description/checkDescription'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { openBoardSession } from '@main/board/boardSession'
import { bootMonitor } from '@main/board/load/boardBoot'
import { openQemuLink } from '@main/board/links/qemuLink'
import { resourcePath } from '@main/paths'
import { hasTool, sayskip } from '../support/ptyPair'

/** The monitor for described boards in machine mode, through Debian's U-Boot in machine mode. */
const uboot = '/usr/lib/u-boot/qemu-riscv64/u-boot.bin'
const missing = [
  ...(hasTool('qemu-system-riscv64') ? [] : ['qemu-system-riscv64']),
  ...(existsSync(uboot) ? [] : ['u-boot-qemu'])
]
if (missing.length > 0) sayskip('a described board in machine mode', missing.join(' and '))

describe.skipIf(missing.length > 0)('a described board in machine mode', { timeout: 240_000 }, () => {
  it.each([
    ['mcycle', { kind: 'mcycle' }, undefined],
    [
      'the CLINT’s timer',
      { kind: 'timer', address: 0x200_bff8, highAddress: 0x200_bffc, frequencyHz: 10_000_000 },
      { kind: 'timer', stepCycles: 16, bits: 64 }
    ]
  ])('takes a monitor that counts by %s', async (_what, counter, cycleSource) => {
    const link = await openQemuLink({
      program: 'qemu-system-riscv64',
      boardArguments: ['-bios', uboot],
      spawn,
      label: 'u-boot',
      countInstructions: false
    })
    const session = openBoardSession({ link, onText: () => undefined, nonce: () => 1 })
    try {
      const { info, image } = await bootMonitor(session, {
        loader: 'auto',
        description: checkDescription({
          name: 'Bench 64',
          isa: 'rv64imac',
          clockHz: 100_000_000,
          uart: { kind: 'ns16550', base: 0x1000_0000 },
          ram: { base: 0x8080_0000, sizeBytes: 64 << 20 },
          counter,
          loader: 'uboot',
          monitor: 'machine'
        }),
        readMonitor: async (name, ending = 'bin') =>
          new Uint8Array(readFileSync(resourcePath('firmware', 'build', `${name}.${ending}`))),
        signal: new AbortController().signal,
        onProgress: () => undefined
      })
      expect(image.name).toBe('monitor-rv64m.bin')
      expect(info).toMatchObject({ coreName: 'qemu-virt', xlen: 64, clockHz: 100_000_000 })
      expect(info.counters.cycles).toBe(true)
      expect(info.cycleSource).toEqual(cycleSource)
      const item = {
        kernel: 'matmul',
        activationBits: 4,
        weightBits: 2,
        dims: [16, 32, 128] as number[]
      } as const
      const result = await session.bench({ ...item, repetitions: 2, seed: 4 })
      expect(result.checksum).toBe(expectedChecksum(item, 4))
      expect(result.cycles[0]).toBeGreaterThan(100)
      expect((await session.reset()).buildId).toBe(info.buildId)
    } finally {
      await link.close()
    }
  })
})
