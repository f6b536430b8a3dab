import { describe, expect, it } from 'vitest'
import { flashChips, flashMap, type FlashChipName } from '@core/board/description/flashBoards'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { carry } from '@main/board/load/loadJob'
import { openBoardSession } from '@main/board/boardSession'
import type { Link, Parity } from '@main/board/links/link'
import { startFlashBoard } from '../../../support/flashBoard'
import { bootOver, createRomLink } from '../../../support/romBoard'
import { StmRomModel } from '@core/sim/roms/stmRomModel'
import { VirtualClock } from '../../../support/virtualClock'
import { WchRomModel } from '@core/sim/roms/wchRomModel'

/** A chip in the loader of its ROM, which runs what was written into its flash once it is started. */
class RomBoard {
  readonly parities: Parity[] = []
  readonly rom: StmRomModel | WchRomModel
  readonly link: Link

  constructor(chip: FlashChipName, clock: VirtualClock) {
    const { flashBytes } = flashChips[chip]
    const rom = chip === 'gd32vf103' ? new StmRomModel({ flashBytes }) : new WchRomModel({ flashBytes })
    this.rom = rom
    const isStarted = (): boolean =>
      rom instanceof StmRomModel ? rom.startedAt === flashMap.flash : rom.hasRestarted
    this.link = createRomLink(
      {
        label: chip,
        rom,
        start: () => (isStarted() ? startFlashBoard(chip, rom.flash) : null),
        notices: () => ({ setParity: async (parity) => void this.parities.push(parity) })
      },
      clock
    )
  }
}

const item = { kernel: 'matmul', activationBits: 8, weightBits: 4, dims: [4, 16, 64] as number[] } as const

describe('a microcontroller from the loader in its ROM to a Bitbench board', () => {
  it.each([
    ['gd32vf103', 'stm', null],
    ['gd32vf103', 'auto', 'gd32vf103-all'],
    ['ch32v307', 'wch', 'ch32v307-small'],
    ['ch32v307', 'auto', 'ch32v307']
  ] as const)('%s over %s, description %s', async (chip, loader, name) => {
    const clock = new VirtualClock()
    const board = new RomBoard(chip, clock)
    const { session, outcome } = bootOver(board.link, clock, {
      loader,
      description: name === null ? null : shippedBoards[name]
    })
    const { info, image, banner, result } = await clock.run(outcome)
    expect(info.coreName).toBe(flashChips[chip].name)
    expect(banner).toContain('Bitbench')
    expect(image.name).toBe(
      name === null || name.endsWith('small') ? 'monitor-flash-small.bin' : 'monitor-flash.bin'
    )
    expect(result).toContain(chip === 'gd32vf103' ? 'every block read back (ROM 2.2' : 'every block verified')
    expect(board.parities).toEqual(chip === 'gd32vf103' ? ['even', 'none'] : [])
    const measured = await clock.run(session.bench({ ...item, repetitions: 1, seed: 5 }))
    expect(measured.checksum).toBe(expectedChecksum(item, 5))
  })

  it('refuses a monitor that runs in RAM, and a chip whose flash is too small, before anything is sent', async () => {
    const clock = new VirtualClock()
    const board = new RomBoard('gd32vf103', clock)
    const ram = bootOver(board.link, clock, { loader: 'stm', description: shippedBoards['esp32-c3'] })
    await expect(clock.run(ram.outcome)).rejects.toThrow('runs in RAM')
    const small = { ...shippedBoards['gd32vf103-all'], flash: { base: flashMap.flash, sizeBytes: 64 << 10 } }
    const tight = bootOver(board.link, clock, { loader: 'stm', description: small })
    await expect(clock.run(tight.outcome)).rejects.toThrow(/\d+ bytes too many/)
    expect(board.rom.heard).toEqual([])
  })

  it('loads a file into the flash that the board is described with, not that of the chip the loader was made for', async () => {
    const clock = new VirtualClock()
    const board = new RomBoard('gd32vf103', clock)
    const session = openBoardSession({ link: board.link, onText: () => undefined, nonce: () => 3, clock })
    const bytes = new Uint8Array(100 << 10)
    const image = {
      name: 'large.bin',
      segments: [{ address: flashMap.flash, bytes }],
      entry: flashMap.flash,
      sizeBytes: bytes.length
    }
    const described = { ...shippedBoards.gd32vf103, flash: { base: flashMap.flash, sizeBytes: 64 << 10 } }
    const context = { signal: new AbortController().signal, onProgress: () => undefined }
    const loaded = carry(session, { image, loader: 'stm', start: false, described }, context)
    await expect(clock.run(loaded)).rejects.toThrow(`${36 << 10} bytes too many`)
    expect(board.rom.heard).toEqual([])
  })
})
