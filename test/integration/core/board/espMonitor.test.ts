import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { espMaps } from '@core/board/description/espBoards'
import { checkDescription } from '@core/board/description/checkDescription'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { corePresets, type MachineConfig } from '@core/sim/boards/presets'
import { createMachine } from '@core/sim/createMachine'
import type { VirtualMachine } from '@core/sim/machine'
import type { BootOptions } from '@main/board/load/boardBoot'
import type { Link } from '@main/board/links/link'
import { AppError } from '@shared/errors'
import { EspRomModel, type EspRomOptions } from '../../../support/espRomModel'
import { bootOver, createRomLink } from '../../../support/romBoard'
import { VirtualClock } from '../../../support/virtualClock'

/** A chip whose ROM loads, and which then runs what was loaded. */
class EspBoard {
  readonly written: [number, number][] = []
  readonly rom: EspRomModel
  machine: VirtualMachine | null = null
  readonly link: Link

  constructor(
    readonly chip: 'c3' | 'c6',
    readonly clock: VirtualClock,
    options: EspRomOptions = {}
  ) {
    const { ram } = espMaps[chip]
    const isC3 = chip === 'c3'
    this.rom = new EspRomModel({
      chipId: isC3 ? 5 : 13,
      ramBase: ram.base,
      ramBytes: ram.sizeBytes,
      ...options
    })
    this.link = createRomLink(
      {
        label: 'esp',
        rom: this.rom,
        start: () => (this.rom.startedAt === null ? null : this.start(this.rom.startedAt)),
        notices: (line) => ({
          setBaud: (baudRate) => Promise.resolve(this.rom.setBaud(baudRate)),
          setSignals: async ({ dtr = false, rts = false }) => {
            this.rom.setSignals({ dtr, rts }, clock.nowMs(), line)
            return true
          }
        })
      },
      clock
    )
  }

  private start(entry: number): VirtualMachine {
    const { ram, uart, usb } = espMaps[this.chip]
    const isC3 = this.chip === 'c3'
    const board: MachineConfig = {
      ...corePresets.small,
      name: 'esp32',
      hasIdentity: false,
      clockIsKnown: false,
      counters: 0x7e2,
      // 16 MiB that hold both addresses of the C3's RAM.
      ramBytes: isC3 ? 16 << 20 : ram.sizeBytes,
      esp: {
        ramBase: isC3 ? 0x3f80_0000 : ram.base,
        uartBase: uart,
        usbBase: usb,
        onWrite: (address, value) => this.written.push([address, value])
      }
    }
    const machine = createMachine({ board })
    machine.loadBinary(ram.base, this.rom.ram)
    if (isC3) {
      // Instructions alone are there: constants that were read at this address would be wrong.
      const elf = readFileSync(path.resolve('resources/firmware/build/monitor-esp32c3.elf'))
      const textBytes = elf.readUInt32LE(elf.readUInt32LE(28) + 16)
      machine.loadBinary(ram.base + 0x70_0000, this.rom.ram.subarray(0, textBytes))
    }
    machine.setEntry(entry)
    machine.reset()
    return (this.machine = machine)
  }
}

const boot = (board: EspBoard, loader: BootOptions['loader'], description: BootOptions['description']) =>
  bootOver(board.link, board.clock, { loader, description })

const item = { kernel: 'matmul', activationBits: 4, weightBits: 2, dims: [8, 16, 64] as number[] } as const

describe('a chip of Espressif’s from its ROM to a Bitbench board', () => {
  it.each([
    ['c3', 'bridge', false],
    ['c3', 'usbJtag', true],
    ['c6', 'bridge', false],
    ['c6', 'usbJtag', true]
  ] as const)('ESP32-%s behind a %s', async (chip, wiring, isUsb) => {
    const clock = new VirtualClock()
    const board = new EspBoard(chip, clock, {
      start: 'program',
      wiring,
      isUsb,
      magic: chip === 'c3' ? 0x1b31_506f : 0x2ce0_806f
    })
    const { session, outcome } = boot(board, 'esp', null)
    const { info, image, banner } = await clock.run(outcome)
    expect(image.name).toBe(`monitor-esp32${chip}.bin`)
    expect(banner).toContain('Bitbench')
    expect(info).toMatchObject({
      coreName: chip === 'c3' ? 'ESP32-C3' : 'ESP32-C6',
      counters: { cycles: true, instructions: false },
      cycleSource: { kind: 'csr', stepCycles: 1 }
    })
    const { ram, watchdogs } = espMaps[chip]
    expect(info.ram.high).toBe(ram.base + ram.sizeBytes)
    expect(info.ram.low).toBeGreaterThan(ram.base + image.sizeBytes)
    // Every watchdog: its key, then off.
    for (const { protect, key, config, off } of watchdogs) {
      const at = board.written.findIndex(([address]) => address === protect)
      expect(board.written.slice(at, at + 2)).toEqual([
        [protect, key],
        [config, off]
      ])
    }
    const result = await clock.run(session.bench({ ...item, repetitions: 2, seed: 5 }))
    expect(result.checksum).toBe(expectedChecksum(item, 5))
    expect(result.cycles[0]).toBeGreaterThan(1_000)
    expect(board.rom.stoppedWatchdogs).toBe(isUsb ? watchdogs.length : 0)
    // A trap comes back to the monitor, and a restart keeps it.
    await expect(clock.run(session.call(0x10, 0, 0))).rejects.toBeInstanceOf(AppError)
    expect((await clock.run(session.reset())).buildId).toBe(info.buildId)
  })

  it('is recognised by what its ROM prints, and by its description', async () => {
    const clock = new VirtualClock()
    const board = new EspBoard('c3', clock, { greetsEnter: true })
    const { outcome } = boot(board, 'auto', null)
    expect((await clock.run(outcome)).loader).toBe('esp')
    const second = new VirtualClock()
    const described = boot(new EspBoard('c6', second), 'auto', shippedBoards['esp32-c6'])
    expect((await second.run(described.outcome)).info.coreName).toBe('ESP32-C6')
  })

  it('refuses the description of another chip, and another loader', async () => {
    const clock = new VirtualClock()
    const { outcome } = boot(new EspBoard('c6', clock), 'esp', shippedBoards['esp32-c3'])
    await expect(clock.run(outcome)).rejects.toThrow('the description is for the monitor "esp32c3"')
    const third = new VirtualClock()
    const wrong = boot(new EspBoard('c3', third, { greetsEnter: true }), 'sfl', null)
    await expect(third.run(wrong.outcome)).rejects.toThrow('does not take sfl')
  })

  it('has RAM at one place', () => {
    const c3 = shippedBoards['esp32-c3']
    expect(checkDescription(c3)).toEqual(c3)
    expect(() => checkDescription({ ...c3, ram: { base: 0x3fc9_0000, sizeBytes: 0x4_0000 } })).toThrow(
      'lies at 0x3fc80000'
    )
    expect(() => checkDescription({ ...c3, uart: { kind: 'ns16550', base: 0x6000_0000 } })).toThrow(
      'esp or espUsb'
    )
  })
})
