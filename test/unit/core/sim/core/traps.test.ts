import { describe, expect, it } from 'vitest'
import { createMachine } from '@core/sim/createMachine'
import { rtlCore } from '@core/sim/boards/rtlCore'
import { ramBase } from '@core/sim/machine'
import { corePresets } from '@core/sim/boards/presets'
import { engines, load, powerOff, register, runProgram, snapshot, zbbBoard } from '../testMachine'

describe.each(engines)('control and status registers, %s', (engine) => {
  it('reads, sets, clears and swaps', () => {
    const machine = runProgram(
      `
      li a0, 0xf0
      csrrw a1, mscratch, a0
      csrrsi a2, mscratch, 5
      csrrci a3, mscratch, 16
      csrr a4, mscratch
      csrrwi a5, mscratch, 31
      csrr a6, mscratch`,
      { engine }
    )
    expect([...machine.registers()].slice(11, 17)).toEqual([0, 0xf0, 0xf5, 0xe5, 0xe5, 31])
  })

  it('identifies the virtual board', () => {
    const machine = runProgram(
      'csrr a0, mvendorid\n csrr a1, mimpid\n csrr a2, 0xfc0\n csrr a3, 0xfc1\n csrr a4, misa\n csrr a5, mhartid',
      { engine, board: 'high' }
    )
    expect([...machine.registers()].slice(10, 16)).toEqual([
      0x0bb,
      2,
      corePresets.high.clockHz,
      0,
      0x40001105,
      0
    ])
    const zbb = runProgram('csrr a3, 0xfc1', { engine, board: zbbBoard })
    expect(zbb.registers()[register.a3]).toBe(1)
    expect([machine.isa, zbb.isa]).toEqual(['rv32imac_zicsr_zifencei', 'rv32imac_zicsr_zifencei_zbb'])
  })

  it('keeps unimplemented fields at zero', () => {
    const machine = runProgram(
      `
      li t0, -1
      csrw mtvec, t0
      csrr a0, mtvec
      csrw mstatus, t0
      csrr a1, mstatus
      csrw mepc, t0
      csrr a2, mepc
      csrw mie, t0
      csrr a3, mie
      csrw mie, zero
      csrw 0x3a0, t0
      csrr a4, 0x3a0
      csrw 0x3b0, t0
      csrr a5, 0x3b0`,
      { engine }
    )
    expect([...machine.registers()].slice(10, 16)).toEqual([0xfffffffc, 0x1888, 0xfffffffe, 0x888, 0, 0])
  })

  it('counts retired instructions, may be written and stopped', () => {
    const machine = runProgram(
      `
      csrr a0, minstret
      nop
      nop
      csrr a1, minstret
      li t0, 1000
      csrw minstret, t0
      csrr a2, minstret
      csrrsi zero, mcountinhibit, 4
      csrr a3, minstret
      nop
      csrr a4, minstret
      csrrci zero, mcountinhibit, 4
      csrr a5, minstret
      csrr a6, mcycle
      csrr a7, cycle`,
      { engine }
    )
    const x = machine.registers()
    expect(x[register.a1] - x[register.a0]).toBe(3)
    expect(x[register.a2]).toBe(1000)
    expect(x[register.a3]).toBe(x[register.a4])
    expect(x[register.a5]).toBe(x[register.a4])
    expect(x[register.a7] - x[register.a6]).toBe(1)
  })

  it('carries into the high word', () => {
    const machine = runProgram('li t0, -1\n csrw mcycle, t0\n nop\n csrr a0, mcycle\n csrr a1, mcycleh', {
      engine
    })
    expect([...machine.registers()].slice(10, 12)).toEqual([0, 1])
  })
})

const handler = `
  la t0, handler
  csrw mtvec, t0
  j body
  .align 4
handler:
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  csrr a3, mstatus
${powerOff}
body:
`

describe.each(engines)('traps, %s', (engine) => {
  it.each([
    ['ecall', 11, 0],
    ['ebreak', 3, 'pc'],
    ['.word 0xffffffff', 2, 0xffffffff],
    ['.half 0', 2, 0],
    ['csrr a5, 0x7c0', 2, 0x7c0027f3],
    ['csrw cycle, a5', 2, 0xc0079073],
    ['csrr a5, 0x100', 2, 0x100027f3]
  ])('%s: cause %i', (instruction, cause, value) => {
    const machine = load(`${handler} csrrsi zero, mstatus, 8\nhere: ${instruction}`, { engine })
    expect(machine.run(1000).reason).toBe('powerOff')
    const x = machine.registers()
    expect(x[register.a0]).toBe(cause)
    expect(x[register.a2]).toBe(value === 'pc' ? x[register.a1] : value)
    // MIE was set: now MPIE holds it, MIE is clear, MPP says machine.
    expect(x[register.a3]).toBe(0x1880)
    expect(machine.lastTrap).toEqual({ cause, pc: x[register.a1], value: x[register.a2] })
  })

  it('are taken by jumps to between two words where no instruction can be', () => {
    // Hot enough to be compiled; the handler counts in a7, adds up the causes and keeps mepc.
    const source = `
      j start
      handler: addi a7, a7, 1
      csrr t0, mcause
      add a6, a6, t0
      csrr t0, mtval
      add a6, a6, t0
      csrr s1, mepc
      addi t0, s1, 6 # its lowest two bits are not kept
      csrw mepc, t0
      mret
      start: la t0, handler
      csrw mtvec, t0
      la s0, 0x80001000
      li a5, 200
      again: jal a0, .+6
      jalr a1, 3(s0)
      beq a5, a5, .+6
      bltu a5, zero, .+6
      bge zero, a5, .-6
      here: bne a5, zero, .-6
      addi a5, a5, -1
      bnez a5, again
      la a4, here`
    const plain = runProgram(source, { engine, board: rtlCore(false) })
    const x = plain.registers()
    expect([x[register.a0], x[register.a1]]).toEqual([0, 0])
    expect([x[register.a7], x[register.a6]]).toEqual([800, 0])
    expect(x[register.s1]).toBe(x[register.a4])
  })

  it('reports lockup when the handler cannot be fetched, until reset', () => {
    const machine = load('ecall', { engine })
    expect(machine.run(1000).reason).toBe('lockup')
    expect(machine.run(1000)).toEqual({ reason: 'lockup', executed: 0 })
    expect(machine.lastTrap).toMatchObject({ cause: 1, pc: 0 })
    machine.loadBinary(ramBase, Uint8Array.of(0x13, 0, 0, 0, 0x6f, 0, 0, 0)) // nop; j .
    machine.reset()
    expect(machine.run(10)).toEqual({ reason: 'budget', executed: 10 })
  })

  it('ends its budget in an endless loop of traps', () => {
    const machine = load('la t0, 0x80000000\n csrw mtvec, t0\n .word 0xffffffff', { engine })
    expect(machine.run(400).reason).toBe('budget')
  })

  it('takes timer interrupts, however execution is sliced', () => {
    const source = `
      la t0, handler
      csrw mtvec, t0
      li s0, 0x02004000
      li s1, 0x0200bff8
      lw t0, 0(s1)
      addi t0, t0, 500
      sw t0, 0(s0)
      sw zero, 4(s0)
      li t0, 0x80
      csrw mie, t0
      csrrsi zero, mstatus, 8
loop: addi a0, a0, 1
      xor a1, a1, a0
      add a2, a2, a1
      bnez a0, loop
      .align 4
handler:
      addi a3, a3, 1
      lw t0, 0(s0)
      addi t0, t0, 500
      sw t0, 0(s0)
      mret`
    const states = [1, 7, 1000, 40_000].map((slice) => {
      const machine = load(source, { engine, board: 'mid', cycleModel: true })
      for (let done = 0; done < 40_000; done += machine.run(Math.min(slice, 40_000 - done)).executed);
      return snapshot(machine) as { registers: number[]; cycles: number }
    })
    expect(states[0].registers[register.a3]).toBe(Math.floor(states[0].cycles / 500))
    for (const state of states) expect(state).toEqual(states[0])
  })

  it('wfi jumps to the timer or waits for a byte', () => {
    const timer = runProgram(
      'li t0, 0x80\n csrw mie, t0\n li s0, 0x02004000\n li t0, 100000\n sw t0, 0(s0)\n sw zero, 4(s0)\n wfi\n csrr a0, time',
      { engine }
    )
    expect(timer.registers()[register.a0]).toBe(100_000)
    const waiting = load('wfi\n li a0, 1\nloop: j loop', { engine })
    expect(waiting.run(1000)).toEqual({ reason: 'idle', executed: 1 })
    waiting.run(10)
    expect(waiting.registers()[register.a0]).toBe(1)
  })
})

describe('software and UART interrupts', () => {
  it('arrive with their cause', () => {
    const soft = load(
      `${handler} li t0, 8\n csrw mie, t0\n csrrsi zero, mstatus, 8\n li s0, 0x02000000\n li t0, 1\n sw t0, 0(s0)\nx: j x`
    )
    expect(soft.run(1000).reason).toBe('powerOff')
    expect(soft.registers()[register.a0]).toBe(0x80000003)
    const serial = load(
      `${handler} li t0, 0x800\n csrw mie, t0\n li s0, 0x10000000\n li t0, 1\n sb t0, 1(s0)\n csrrsi zero, mstatus, 8\nx: j x`
    )
    expect(serial.run(1000).reason).toBe('budget')
    serial.uartPush(Uint8Array.of(65))
    expect(serial.run(1000).reason).toBe('powerOff')
    expect(serial.registers()[register.a0]).toBe(0x8000000b)
  })
})

describe('configuration', () => {
  it.each([
    ['ramBytes', { ...corePresets.small, ramBytes: 100_000 }],
    ['clockHz', { ...corePresets.small, clockHz: 0 }],
    [
      'dataCache',
      {
        ...corePresets.high,
        cycleModel: {
          ...corePresets.high.cycleModel,
          dataCache: { ...corePresets.high.cycleModel.dataCache!, ways: 3 }
        }
      }
    ],
    [
      'issue cycles',
      {
        ...corePresets.small,
        cycleModel: {
          ...corePresets.small.cycleModel,
          issueCycles: { ...corePresets.small.cycleModel.issueCycles, alu: 0 }
        }
      }
    ]
  ])('a bad %s is refused', (what, config) => {
    expect(() => createMachine({ board: config })).toThrow(new RegExp(what))
  })
})
