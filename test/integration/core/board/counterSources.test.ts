import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { requireCounter } from '@core/board/boardInfo'
import { describeLitexMap } from '@core/board/description/describeLitex'
import { readDescription } from '@core/board/description/readDescription'
import { fillInLitexMonitor } from '@core/board/litexMonitor'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { litexBoard, litexBoardCsv } from '@core/sim/boards/litexBoard'
import { corePresets, type MachineConfig } from '@core/sim/boards/presets'
import { createMachine } from '@core/sim/createMachine'
import { openBoardSession } from '@main/board/boardSession'
import type { BoardDescription, CounterSource } from '@shared/contract/board/boardDescription'
import { createSimulatorLink } from '../../../support/simulatorLink'
import { VirtualClock } from '../../../support/virtualClock'

/** Boards that differ in what counts on them; the kernel and its cycles are the same. */
const built = (ending: string) =>
  readFileSync(path.resolve(`resources/firmware/build/monitor-litex.${ending}`))
const image = new Uint8Array(built('bin'))
const counters = built('counters').toString()
const [timerBase, clintBase] = [0xf000_2000, 0xf001_0000]
const machineOf = (change: Partial<MachineConfig>): MachineConfig => ({
  ...litexBoard,
  hasIdentity: false,
  clockIsKnown: false,
  // Without caches a figure does not depend on where the code of a counter lies.
  cycleModel: corePresets.small.cycleModel,
  litex: { ...litexBoard.litex!, bios: false, timerBase, clintBase },
  ...change
})
const description: BoardDescription = describeLitexMap({
  ...litexBoard.litex!,
  ramBytes: litexBoard.ramBytes,
  clockHz: litexBoard.clockHz,
  timer0: null
})
const mtime: CounterSource = {
  kind: 'timer',
  address: clintBase + 0xbff8,
  highAddress: clintBase + 0xbffc,
  counts: 'up',
  latchAddress: null,
  frequencyHz: litexBoard.clockHz
}
/** As on an ESP32-C3: event and mode are written first. */
const ownCsr: CounterSource = {
  kind: 'csr',
  number: 0x7e2,
  setup: [
    { csr: 0x7e0, value: 1 },
    { csr: 0x7e1, value: 1 }
  ]
}

function start(board: BoardDescription, change: Partial<MachineConfig> = {}) {
  const clock = new VirtualClock()
  const machine = createMachine({ board: machineOf(change) })
  machine.loadBinary(board.ram.base, fillInLitexMonitor(image, board, { counters }))
  machine.reset()
  const link = createSimulatorLink(machine, clock)
  return { clock, session: openBoardSession({ link, onText: () => undefined, nonce: () => 3, clock }) }
}

const item = { kernel: 'matmul', activationBits: 8, weightBits: 8, dims: [8, 16, 64] as number[] } as const

/** Hello and a kernel's cycles, the least of a few. */
async function measured(board: BoardDescription, change: Partial<MachineConfig> = {}) {
  const { clock, session } = start(board, change)
  const info = await clock.run(session.hello())
  const result = await clock.run(session.bench({ ...item, repetitions: 3, seed: 5 }))
  expect(result.checksum).toBe(expectedChecksum(item, 5))
  return { info, session, clock, ...result, least: Math.min(...result.cycles) }
}

const plain = { ...description, instructions: 'none' } as const

describe('what counts cycles', () => {
  it('is mcycle, rdcycle or a CSR of the core: the same figure, to the cycle', async () => {
    const usual = await measured(plain)
    expect(usual.info.counters).toEqual({ cycles: true, instructions: false })
    expect(usual.info.cycleSource).toBeUndefined()
    const rdcycle = await measured({ ...plain, counter: { kind: 'cycle' } }, { counters: 'cycle' })
    expect(rdcycle.cycles).toEqual(usual.cycles)
    const csr = await measured({ ...plain, counter: ownCsr }, { counters: 0x7e2 })
    expect(csr.cycles).toEqual(usual.cycles)
    expect(csr.info).toMatchObject({ cycleSource: { kind: 'csr', stepCycles: 1 } })
  })

  it('counts instructions by rdinstret where minstret traps', async () => {
    const both = await measured(description)
    const user = await measured(
      { ...description, counter: { kind: 'cycle' }, instructions: 'instret' },
      { counters: 'cycle' }
    )
    expect(user.info.counters).toEqual({ cycles: true, instructions: true })
    expect([user.cycles, user.instructions]).toEqual([both.cycles, both.instructions])
    // The same core asked for what it does not have: nothing is made up.
    const wrong = await measured(description, { counters: 'cycle' })
    expect(wrong.info.counters).toEqual({ cycles: false, instructions: false })
    expect([wrong.cycles, wrong.instructions]).toEqual([[], []])
  })

  it('is a timer on the bus, up with 64 bits and down with 32, near the hart by its own counter', async () => {
    const { least } = await measured(plain)
    const up = await measured({ ...plain, counter: mtime }, { counters: 'none' })
    expect(up.info).toMatchObject({ cycleSource: { kind: 'timer', stepCycles: 1 } })
    expect(Math.abs(up.least - least)).toBeLessThan(40)
    const csv = `${litexBoardCsv(machineOf({}))}constant,config_cpu_type,vexriscv,,\nconstant,config_cpu_variant,standard,,\n`
    const described = readDescription(new TextEncoder().encode(csv))
    expect(described.counter).toMatchObject({ kind: 'timer', counts: 'down', latchAddress: timerBase + 12 })
    const down = await measured({ ...described, instructions: 'none' }, { counters: 'none' })
    expect(down.info.counters).toEqual({ cycles: true, instructions: false })
    expect(Math.abs(down.least - least)).toBeLessThan(40)
  })

  it('reads a timer in nearly as many cycles as its own counter on a core with caches', async () => {
    const caches = { cycleModel: litexBoard.cycleModel }
    const { least } = await measured(plain, caches)
    const timer = await measured({ ...plain, counter: mtime }, { ...caches, counters: 'none' })
    // 7 fewer of 25,271 cycles with the monitor as it is built, 17 and 233 more with earlier ones: where its code lies decides which
    // lines collide.
    expect(Math.abs(timer.least - least)).toBeLessThan(300)
  })

  it('is converted where the timer is slower than the core, and says its step', async () => {
    const whole = await measured({ ...plain, counter: mtime }, { counters: 'none' })
    // The simulated timer runs at the clock; described as a third of it, each tick is three cycles.
    const frequencyHz = 30_000_000
    const third = await measured(
      { ...plain, clockHz: 90_000_000, counter: { ...mtime, frequencyHz } },
      { counters: 'none' }
    )
    expect(third.cycles).toEqual(whole.cycles.map((cycles) => 3 * cycles))
    expect(third.info.cycleSource).toEqual({ kind: 'timer', stepCycles: 4, bits: 64 })
  })

  it('goes on through the end of 32 bits', async () => {
    const { least } = await measured(plain)
    // Load and reload make the first zero come in the middle of a kernel.
    const early = (load: number): BoardDescription => ({
      ...plain,
      counter: {
        kind: 'timer',
        address: timerBase + 16,
        highAddress: null,
        counts: 'down',
        latchAddress: timerBase + 12,
        frequencyHz: litexBoard.clockHz
      },
      startWrites: [0, load, 0xffff_ffff, 1].map((value, index) => ({
        address: timerBase + [8, 0, 4, 8][index]!,
        value
      }))
    })
    const { cycles } = await measured(early(2 * least), { counters: 'none' })
    for (const one of cycles) expect(Math.abs(one - least)).toBeLessThan(0.2 * least)
  })

  it('is nothing where nothing counts: a measurement is refused before it begins', async () => {
    for (const [counter, change] of [
      [{ kind: 'none' }, {}],
      [{ kind: 'mcycle' }, { counters: 'none' }],
      // A CSR that is not there, and a timer that stands still.
      [ownCsr, { counters: 'none' }],
      [{ ...mtime, address: timerBase, highAddress: null }, { counters: 'none' }]
    ] as [CounterSource, Partial<MachineConfig>][]) {
      const { info, cycles, instructions } = await measured({ ...plain, counter }, change)
      expect(info.counters).toEqual({ cycles: false, instructions: false })
      expect([cycles, instructions]).toEqual([[], []])
      expect(() => requireCounter('board', info)).toThrow('no counter that its monitor can read')
    }
  })
})

describe('counters of a monitor image', () => {
  it('change nothing where they are those it is built for', () => {
    const filled = fillInLitexMonitor(image, description)
    expect(Buffer.compare(fillInLitexMonitor(image, description, { counters }), filled)).toBe(0)
  })

  it('are refused with a list that does not fit', () => {
    for (const list of ['', '1\n', '0 9\n', 'fffffff0 1\n', '0 1\n'])
      expect(() =>
        fillInLitexMonitor(image, { ...description, counter: ownCsr }, { counters: list })
      ).toThrow(expect.objectContaining({ code: 'internal' }) as Error)
  })
})
