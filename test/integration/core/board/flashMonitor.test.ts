import { describe, expect, it } from 'vitest'
import { checkDescription } from '@core/board/description/checkDescription'
import { flashChips, flashMap } from '@core/board/description/flashBoards'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { openBoardSession, type BoardSession } from '@main/board/boardSession'
import { AppError } from '@shared/errors'
import { flashMonitor, startFlashBoard } from '../../../support/flashBoard'
import { createSimulatorLink } from '../../../support/simulatorLink'
import { VirtualClock } from '../../../support/virtualClock'

const chips = ['gd32vf103', 'ch32v307'] as const

async function open(chip: (typeof chips)[number], isSmall: boolean) {
  const clock = new VirtualClock()
  const writes: [number, number][] = []
  const machine = startFlashBoard(chip, flashMonitor(chip, isSmall), (...write) => writes.push(write))
  const link = createSimulatorLink(machine, clock)
  const session: BoardSession = openBoardSession({ link, onText: () => undefined, nonce: () => 3, clock })
  const info = await clock.run(session.hello())
  return { clock, machine, session, info, writes }
}

describe('a monitor that executes in place', () => {
  it.each(chips)('%s: says what it is and where flash and RAM are free', async (chip) => {
    const { info, writes } = await open(chip, chip === 'gd32vf103')
    const { name, flashBytes, ramBytes, sysTick } = flashChips[chip]
    expect(info).toMatchObject({
      coreName: name,
      clockHz: 8_000_000,
      window: 1,
      counters: { cycles: true, instructions: sysTick === null }
    })
    expect(info.cycleSource).toEqual(
      sysTick === null ? undefined : { kind: 'timer', stepCycles: 1, bits: 64 }
    )
    expect(info.ram.high).toBe(flashMap.ram + ramBytes)
    expect(info.ram.low - flashMap.ram).toBeLessThan(10 * 1024)
    const monitorBytes = flashMonitor(chip, chip === 'gd32vf103').length
    expect(info.flash).toEqual({
      low: flashMap.flash + Math.ceil(monitorBytes / 1024) * 1024,
      high: flashMap.flash + flashBytes
    })
    // Clock, port and pins; USART and SysTick are devices of the simulator.
    expect(writes).toEqual([
      [0x4002_1004, 0],
      [0x4002_1018, 0x4005],
      [0x4001_0804, 0x4444_44b4]
    ])
  })

  it.each([
    ['gd32vf103', 'matmul', 8, 8, [4, 16, 64]],
    ['gd32vf103', 'matmul', 8, 4, [4, 16, 64]],
    ['gd32vf103', 'matmul', 4, 4, [8, 16, 65]],
    ['gd32vf103', 'conv2d', 8, 8, [8, 8, 3, 8, 3, 1, 1]],
    ['gd32vf103', 'depthwiseConv2d', 8, 8, [8, 8, 8, 3, 1, 1]],
    ['gd32vf103', 'maxPool', 8, 0, [8, 8, 8, 2, 2]],
    ['ch32v307', 'matmul', 2, 2, [8, 16, 64]],
    ['ch32v307', 'matmul', 1, 4, [8, 16, 64]],
    ['ch32v307', 'matmul', 4, 8, [8, 16, 64]],
    ['ch32v307', 'conv2d', 4, 4, [12, 12, 8, 16, 3, 1, 1]],
    ['ch32v307', 'softmax', 8, 0, [4, 33]]
  ] as const)(
    '%s: %s at %i and %i bits is equal bit for bit',
    async (chip, kernel, activationBits, weightBits, dims) => {
      const { clock, session } = await open(chip, chip === 'gd32vf103')
      const item = { kernel, activationBits, weightBits, dims: [...dims] }
      const result = await clock.run(session.bench({ ...item, repetitions: 2, seed: 5 }))
      expect(result.checksum).toBe(expectedChecksum(item, 5))
      expect(result.cycles[0]).toBeGreaterThan(500)
      expect(result.cycles[1]).toBe(result.cycles[0])
    }
  )

  it('lists only the kernels it was linked with, and refuses the others', async () => {
    const { clock, session, info } = await open('gd32vf103', true)
    const pairs = info.kernels
      .filter(({ kernel }) => kernel === 'matmul')
      .map(({ activationBits, weightBits }) => `a${activationBits}w${weightBits}`)
    expect(pairs).toEqual(['a8w8', 'a8w4', 'a4w4'])
    expect(info.kernels.some(({ kernel }) => kernel === 'softmax')).toBe(false)
    for (const kernel of [
      { kernel: 'matmul', activationBits: 2, weightBits: 2, dims: [1, 4, 4] },
      { kernel: 'softmax', activationBits: 8, weightBits: 0, dims: [1, 4] }
    ] as const)
      await expect(clock.run(session.bench({ ...kernel, repetitions: 1, seed: 1 }))).rejects.toThrow(
        'has no kernel'
      )
  })

  it('says with bytes what does not fit its RAM, and comes back from a trap', async () => {
    const { clock, session, info } = await open('gd32vf103', true)
    const tooLarge = session.bench({
      kernel: 'matmul',
      activationBits: 8,
      weightBits: 8,
      dims: [16, 64, 256],
      repetitions: 1,
      seed: 1
    })
    await expect(clock.run(tooLarge)).rejects.toThrow(/\d+ bytes/)
    // Flash takes no stores: an upload there is refused before it is sent, a call into erased flash traps.
    await expect(clock.run(session.upload(info.flash!.low, new Uint8Array(16)))).rejects.toThrow('outside')
    await expect(clock.run(session.call(info.ram.low, 0, 0))).rejects.toBeInstanceOf(AppError)
    expect((await clock.run(session.reset())).buildId).toBe(info.buildId)
    expect([...(await clock.run(session.read(info.flash!.low, 4)))]).toEqual([255, 255, 255, 255])
  })

  it('leaves most of its stack unused', async () => {
    const { clock, machine, session, info } = await open('ch32v307', false)
    const top = info.ram.low
    const unusedBefore = unusedBelow(machine.readMemory(top - 3072, 3072))
    for (const [kernel, dims] of [
      ['matmul', [8, 16, 64]],
      ['conv2d', [8, 8, 3, 8, 3, 1, 1]]
    ] as const)
      for (const activationBits of [8, 4, 2, 1])
        for (const weightBits of [8, 4, 2, 1])
          await clock.run(
            session.bench({ kernel, activationBits, weightBits, dims: [...dims], repetitions: 1, seed: 1 })
          )
    const unused = unusedBelow(machine.readMemory(top - 3072, 3072))
    expect(unused).toBeLessThanOrEqual(unusedBefore)
    expect(unused).toBeGreaterThan(512)
  })
})

/** Bytes from the bottom of the stack that are still as after power-on. */
const unusedBelow = (stack: Uint8Array): number => {
  const at = stack.findIndex((byte) => byte !== 0)
  return at < 0 ? stack.length : at
}

describe('descriptions of microcontrollers', () => {
  it.each(['gd32vf103', 'gd32vf103-all', 'ch32v307', 'ch32v307-small'] as const)('%s is valid', (name) => {
    expect(checkDescription(shippedBoards[name])).toEqual(shippedBoards[name])
  })

  it('need flash where the monitor is linked, and RAM', () => {
    const board = shippedBoards.gd32vf103
    expect(() => checkDescription({ ...board, flash: null })).toThrow('no flash is described')
    expect(() => checkDescription({ ...board, flash: { base: 0, sizeBytes: 1 << 17 } })).toThrow('0x8000000')
    const upTo = (end: number) => ({ ...board, flash: { base: 0x0800_0000, sizeBytes: end - 0x0800_0000 } })
    expect(() => checkDescription(upTo(0x2000_0000))).not.toThrow()
    expect(() => checkDescription(upTo(0x2000_0001))).toThrow('reach into RAM at 0x20000000')
    expect(() => checkDescription({ ...board, ram: { base: 0x2000_0000, sizeBytes: 8192 } })).toThrow(
      '8192 bytes'
    )
    expect(() => checkDescription({ ...board, ram: { base: 0x8000_0000, sizeBytes: 32768 } })).toThrow(
      'works in RAM at 0x20000000'
    )
  })
})
