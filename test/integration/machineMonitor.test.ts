import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { describedImageName, fillInDescribedMonitor } from '@core/board/describedMonitor'
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

describe.skipIf(missing.length > 0)('a described board in machine mode', { timeout: 600_000 }, () => {
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
        nowMs: () => performance.now(),
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

const has32 = hasTool('qemu-system-riscv32')
if (!has32) sayskip('a described RV32 board in machine mode', 'qemu-system-riscv32')

describe.skipIf(!has32)('a described RV32 board in machine mode', { timeout: 600_000 }, () => {
  const built = (name: string, ending = 'bin'): Buffer =>
    readFileSync(resourcePath('firmware', 'build', `${name}.${ending}`))
  const timer = { kind: 'timer', address: 0x200_bff8, highAddress: 0x200_bffc, frequencyHz: 10_000_000 }

  it.each([
    ['mcycle', { kind: 'mcycle' }, undefined, 0x8000_0000],
    ['mcycle, above the start of RAM', { kind: 'mcycle' }, undefined, 0x8012_0000],
    ['the CLINT’s timer', timer, { kind: 'timer', stepCycles: 16, bits: 64 }, 0x8000_0000],
    [
      'half of the CLINT’s timer',
      { ...timer, highAddress: null },
      { kind: 'timer', stepCycles: 16, bits: 32 },
      0x8000_0000
    ],
    ['nothing', { kind: 'none' }, undefined, 0x8000_0000]
  ])('counts by %s', async (_what, counter, cycleSource, base) => {
    const description = checkDescription({
      name: 'Bench 32',
      isa: 'rv32imac',
      clockHz: 100_000_000,
      uart: { kind: 'ns16550', base: 0x1000_0000 },
      ram: { base, sizeBytes: 16 << 20 },
      counter,
      loader: 'none',
      monitor: 'machine'
    })
    const name = describedImageName(description)
    expect(name).toBe('monitor-rv32m')
    const image = fillInDescribedMonitor(
      new Uint8Array(built(name)),
      { addresses: built(name, 'addresses').toString(), counters: built(name, 'counters').toString() },
      description
    )
    const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-rv32m-'))
    const file = path.join(folder, 'monitor.bin')
    writeFileSync(file, image)
    const link = await openQemuLink({
      program: 'qemu-system-riscv32',
      boardArguments: [
        ...['-bios', 'none', '-device', `loader,file=${file},addr=0x${base.toString(16)},force-raw=on`],
        ...(base === 0x8000_0000 ? [] : ['-device', `loader,addr=0x${base.toString(16)},cpu-num=0`])
      ],
      spawn,
      label: 'rv32m'
    })
    const session = openBoardSession({ link, onText: () => undefined, nonce: () => 1 })
    try {
      const info = await session.hello()
      expect(info).toMatchObject({ coreName: 'qemu-virt', xlen: 32, clockHz: 100_000_000 })
      expect(info.ram.high).toBe(base + (16 << 20))
      expect(info.ram.low).toBeGreaterThan(base)
      expect(info.counters.cycles).toBe(counter.kind !== 'none')
      expect(info.cycleSource).toEqual(cycleSource)
      for (const [activationBits, weightBits] of [
        [8, 8],
        [4, 2],
        [1, 1]
      ] as const) {
        const item = {
          kernel: 'matmul',
          activationBits,
          weightBits,
          dims: [16, 32, 128] as number[]
        } as const
        const result = await session.bench({ ...item, repetitions: 2, seed: 4 })
        expect(result.checksum).toBe(expectedChecksum(item, 4))
        if (counter.kind === 'none') expect(result.cycles).toEqual([])
        else expect(result.cycles[0]).toBeGreaterThan(100)
        // QEMU steps instructions alone: its mcycle is their count.
        if (counter.kind === 'mcycle')
          expect(Math.abs(result.cycles[0]! - result.instructions[0]!)).toBeLessThan(32)
      }
      // A trap ends what was called, not the monitor: here an illegal instruction.
      await session.upload(info.ram.low, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x67, 0x80, 0x00, 0x00))
      await expect(session.call(info.ram.low, 0, 0)).rejects.toMatchObject({ code: 'board.faulted' })
      expect((await session.reset()).buildId).toBe(info.buildId)
    } finally {
      await link.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
