import { describe, expect, it } from 'vitest'
import { corePresetNames, corePresets, type CorePresetName } from '@core/sim/boards/presets'
import { worstInstructionCycles } from '@core/sim/core/timing'
import { engines, register, runProgram } from '../testMachine'

/**
 * Micro-benchmarks of the cycle model: hand-assembled code between two reads of mcycle, with cycle counts derived by
 * hand from the presets' tables. `rounds` runs of the same code; the last is reported, so that with two rounds the caches
 * are warm and with one they are as cold as the set-up leaves them. Whole kernels: test/integration/core/sim/core/timing.test.ts.
 */
function cyclesBetweenReads(
  board: CorePresetName,
  setUp: string,
  body: string,
  rounds: number,
  engine: (typeof engines)[number]
): number {
  const machine = runProgram(
    `
    li s0, 0x80010000
    li s10, ${rounds}
    ${setUp}
measured:
    csrr s8, mcycle
    ${body}
    csrr s9, mcycle
    addi s10, s10, -1
    beqz s10, finished
    j measured
finished:
    sub a0, s9, s8`,
    { board, cycleModel: true, engine }
  )
  return machine.registers()[register.a0]
}

const repeat = (line: string, count: number): string => Array.from({ length: count }, () => line).join('\n')

describe.each(engines)('cycle model, %s', (engine) => {
  /** Cycles of the body alone, caches warm: less the first csrr, which lies between the two reads. */
  const warm = (board: CorePresetName, body: string, setUp = ''): number =>
    cyclesBetweenReads(board, setUp, body, 2, engine) - corePresets[board].cycleModel.issueCycles.csr
  /** The same in the first round, when the data and most of the code are not cached yet. */
  const firstRound = (board: CorePresetName, body: string, setUp = ''): number =>
    cyclesBetweenReads(board, setUp, body, 1, engine) - corePresets[board].cycleModel.issueCycles.csr

  it.each<[CorePresetName, string, string, number]>([
    // small: PicoRV32's table, one instruction after the other.
    ['small', '100 adds', repeat('add a1, a2, a3', 100), 300],
    ['small', 'a load and its use', 'lw a1, 0(s0)\n add a1, a1, a1', 5 + 3],
    ['small', 'a store', 'sw a1, 0(s0)', 5],
    ['small', 'multiply and divide', 'mul a1, a2, a3\n div a1, a2, a3', 6 + 40],
    ['small', 'a jump and a return', 'jal a1, .+4\n la a1, .+12\n jr a1', 3 + 2 * 3 + 6],
    ['small', 'branches taken and not', 'beq a1, a1, .+4\n bne a1, a1, .+4', 5 + 3],
    // Fifty rounds of addi 3 and a taken branch 5; the last branch is not taken: 2 less.
    ['small', 'a loop of fifty', 'li t0, 50\n addi t0, t0, -1\n bnez t0, .-4', 2 * 3 + 50 * 8 - 2],

    // mid: one a cycle, two cycles of load-use and multiply-use stall.
    ['mid', '100 adds', repeat('add a1, a2, a3', 100), 100],
    ['mid', 'a load and its use', 'lw a1, 0(s0)\n add a1, a1, a1', 1 + 2 + 1],
    ['mid', 'a load and something else', 'lw a1, 0(s0)\n add a2, a3, a3\n add a1, a1, a1', 3],
    ['mid', 'a load whose value is stored', 'lw a1, 0(s0)\n sw a1, 4(s0)', 1 + 2 + 1],
    ['mid', 'a product and its use', 'mul a1, a2, a3\n add a1, a1, a1', 1 + 2 + 1],
    ['mid', 'a product, used later', 'mul a1, a2, a3\n add a4, a4, a4\n add a1, a1, a1', 3],
    ['mid', 'a load to x0', 'lw x0, 0(s0)\n add a1, x0, a1', 2],
    ['mid', 'divide', 'div a1, a2, a3', 34],
    ['mid', 'forward branches taken and not', 'beq a1, a1, .+4\n bne a1, a1, .+4', 4 + 1],
    // Backward branches are predicted taken: one cycle; the exit is mispredicted: three.
    ['mid', 'a loop of fifty', 'li t0, 50\n addi t0, t0, -1\n bnez t0, .-4', 2 + 49 * (1 + 2) + (1 + 4)],
    // A write-through store costs its issue cycle, wherever it goes.
    ['mid', 'stores 4 KiB apart', 'sw a1, 0(s0)\n sw a1, 0(s1)', 2],

    // high: one a cycle, one cycle of load-use, predicted loops free.
    ['high', 'multiply and its use', 'mul a1, a2, a3\n add a1, a1, a1', 2],
    ['high', 'a load and its use', 'lw a1, 0(s0)\n add a1, a1, a1', 1 + 1 + 1],
    ['high', 'a loop of fifty', 'li t0, 50\n addi t0, t0, -1\n bnez t0, .-4', 2 + 49 * 2 + (1 + 4)]
  ])('%s: %s', (board, _name, body, expected) => {
    expect(warm(board, body, 'li s1, 0x80011000')).toBe(expected)
  })

  it('mid: two loads that share a cache set evict each other, every time', () => {
    const setUp = 'li s1, 0x80011000' // 4 KiB from s0: the same set of a direct-mapped 4 KiB cache
    expect(warm('mid', 'lw a1, 0(s0)\n lw a2, 0(s1)', setUp)).toBe(2 + 2 * 24)
    expect(warm('mid', 'lw a1, 0(s0)\n lw a2, 32(s1)', setUp)).toBe(2)
  })

  it('high: four lines share a set, the fifth evicts the oldest', () => {
    const pointers = [1, 2, 3, 4].map((way) => `li s${way + 1}, ${0x80010000 + way * 4096}`).join('\n')
    const loads = (count: number): string =>
      [0, 2, 3, 4, 5]
        .slice(0, count)
        .map((s) => `lw a1, 0(s${s})`)
        .join('\n')
    expect(warm('high', loads(4), pointers)).toBe(4)
    expect(warm('high', loads(5), pointers)).toBe(5 * (1 + 40))
  })

  it('high: evicting a dirty line costs the write-back as well', () => {
    const pointers = [1, 2, 3, 4].map((way) => `li s${way + 1}, ${0x80010000 + way * 4096}`).join('\n')
    const body = 'sw a1, 0(s0)\n' + [2, 3, 4, 5].map((s) => `lw a1, 0(s${s})`).join('\n')
    // Each round misses all five lines; the store's line is dirty when the last load evicts it.
    expect(warm('high', body, pointers)).toBe(5 * (1 + 40) + 20)
  })

  it('mid: reading 2 KiB for the first time misses each of its 64 lines once', () => {
    const loop = 'li t0, 64\n mv t1, s0\n lw a1, 0(t1)\n addi t1, t1, 32\n addi t0, t0, -1\n bnez t0, .-12'
    // Three to begin with; 63 rounds of 3 + 2, the last of 3 + 4.
    const steps = 3 + 63 * 5 + 7
    expect(warm('mid', loop)).toBe(steps)
    // In the first round the code is cold too; it lies in at most three lines, of which the first read fetched one.
    const cold = firstRound('mid', loop)
    const codeLines = 3
    expect(cold).toBeGreaterThanOrEqual(steps + 64 * 24)
    expect(cold).toBeLessThanOrEqual(steps + 64 * 24 + codeLines * 24)
  })

  it('mid: straight code of 8 KiB never stays in a 4 KiB instruction cache', () => {
    // 2048 instructions in 256 lines of eight; the loop around them adds at most two lines.
    const cycles = warm('mid', repeat('nop', 2048))
    expect(cycles - 2048).toBeGreaterThanOrEqual(256 * 24)
    expect(cycles - 2048).toBeLessThanOrEqual(258 * 24)
  })

  it('without the model every instruction takes one cycle', () => {
    const machine = runProgram('li s0, 0x80010000\n lw a1, 0(s0)\n mul a1, a1, a1\n div a2, a1, a1', {
      board: 'high',
      cycleModel: false,
      engine
    })
    expect(machine.cycles()).toBe(machine.instret())
  })
})

describe('presets', () => {
  it.each(corePresetNames)('%s: no instruction can overflow a slice', (name) => {
    expect(worstInstructionCycles(corePresets[name].cycleModel) * 2 ** 20).toBeLessThan(2 ** 31)
  })
})
