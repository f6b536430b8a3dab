import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { ramBase } from '@core/sim/machine'
import { engines, load, powerOff, register, runProgram } from './testMachine'

/** Sets up a handler that records mcause and mtval in a6 and a7 and skips the trapping (four-byte) instruction. */
const withHandler = (body: string): string => `
  la t0, handler
  csrw mtvec, t0
  j body
  .align 4
handler:
  csrr a6, mcause
  csrr a7, mtval
  csrr t0, mepc
  addi t0, t0, 4
  csrw mepc, t0
  mret
body:
${body}
`

describe.each(engines)('memory, %s', (engine) => {
  it('loads extend their sign or zeros', () => {
    const machine = runProgram(
      `
      la s0, data
      lb a0, 3(s0)
      lbu a1, 3(s0)
      lh a2, 2(s0)
      lhu a3, 2(s0)
      lw a4, 0(s0)
      j over
data: .word 0x89abcdef
over: nop`,
      { engine }
    )
    expect([...machine.registers()].slice(10, 15)).toEqual([0xffffff89, 0x89, 0xffff89ab, 0x89ab, 0x89abcdef])
  })

  it('misaligned loads and stores work in RAM', () => {
    const machine = runProgram(
      `
      li s0, 0x80010000
      li a0, 0x11223344
      sw a0, 1(s0)
      lw a1, 1(s0)
      sh a0, 7(s0)
      lhu a2, 7(s0)
      lw a3, 4(s0)`,
      { engine }
    )
    expect(machine.readMemory(0x80010000, 10)).toEqual(
      Uint8Array.of(0, 0x44, 0x33, 0x22, 0x11, 0, 0, 0x44, 0x33, 0)
    )
    const x = machine.registers()
    expect([x[register.a1], x[register.a2], x[register.a3]]).toEqual([0x11223344, 0x3344, 0x44000011])
  })

  it.each([
    ['lw a0, 0(s0)', 0x90000000, 5],
    ['sb a0, 0(s0)', 0x7fffffff, 7],
    ['lw a0, 0(s0)', 0x800ffffe, 5],
    ['sw a0, 0(s0)', 0x800ffffe, 7],
    ['lr.w a0, (s0)', 0x10000000, 5],
    ['amoadd.w a0, a1, (s0)', 0x10000000, 7],
    ['lr.w a0, (s0)', 0x80010002, 4],
    ['amoadd.w a0, a1, (s0)', 0x80010001, 6]
  ])('%s at %i traps with cause %i and does not retire', (instruction, address, cause) => {
    const counted = (body: string): number =>
      runProgram(withHandler(`li s0, ${address}\n ${body}`), { engine }).instret()
    const machine = runProgram(withHandler(`li s0, ${address}\n li a0, 77\n ${instruction}`), { engine })
    const x = machine.registers()
    expect([x[register.a6], x[register.a7], x[register.a0]]).toEqual([cause, address, 77])
    // The handler's six instructions retire, the trapping one does not.
    expect(counted(instruction)).toBe(counted('') + 6)
  })

  it('atomics read, combine and write', () => {
    const run = (name: string, old: number, operand: number): number[] => {
      const machine = runProgram(
        `li s0, 0x80010000\n li a0, ${old}\n sw a0, 0(s0)\n li a1, ${operand}\n ${name} a2, a1, (s0)\n lw a3, 0(s0)`,
        { engine }
      )
      return [machine.registers()[register.a2], machine.registers()[register.a3]]
    }
    const old = 0x80000005
    const operand = 3
    expect(run('amoswap.w', old, operand)).toEqual([old, 3])
    expect(run('amoadd.w', old, operand)).toEqual([old, 0x80000008])
    expect(run('amoxor.w', old, operand)).toEqual([old, 0x80000006])
    expect(run('amoand.w', old, operand)).toEqual([old, 1])
    expect(run('amoor.w', old, operand)).toEqual([old, 0x80000007])
    expect(run('amomin.w', old, operand)).toEqual([old, old])
    expect(run('amomax.w', old, operand)).toEqual([old, 3])
    expect(run('amominu.w', old, operand)).toEqual([old, 3])
    expect(run('amomaxu.w', old, operand)).toEqual([old, old])
  })

  it('sc.w succeeds once after lr.w of the same address, and only there', () => {
    const machine = runProgram(
      `
      li s0, 0x80010000
      li a0, 9
      sc.w a1, a0, (s0)
      lr.w a2, (s0)
      addi s1, s0, 4
      sc.w a3, a0, (s1)
      lr.w a2, (s0)
      sc.w a4, a0, (s0)
      sc.w a5, a0, (s0)
      lw a2, 0(s0)`,
      { engine }
    )
    expect([...machine.registers()].slice(11, 16)).toEqual([1, 9, 1, 0, 1])
  })

  it('a loop that rewrites its own instruction runs the new one', () => {
    const machine = runProgram(
      `
      li s1, 200
      li s2, 0x00150513        # addi a0, a0, 1
      li s3, 0x00250513        # addi a0, a0, 2
      la s0, patch
loop:
patch: addi a0, a0, 1
      sw s3, 0(s0)
      mv t0, s2
      mv s2, s3
      mv s3, t0
      addi s1, s1, -1
      bnez s1, loop`,
      { engine }
    )
    // 200 rounds that add 1, 2, 1, 2, ... : the first store already writes "add 2".
    expect(machine.registers()[register.a0]).toBe(300)
  })

  it('code rewritten by the host is decoded anew', () => {
    const machine = load(`again: addi a0, a0, 1\n j again`, { engine })
    machine.run(1000)
    const before = machine.registers()[register.a0]
    machine.loadBinary(ramBase, Uint8Array.of(0x13, 0x05, 0x05, 0x10)) // addi a0, a0, 256
    machine.run(2)
    expect(machine.registers()[register.a0]).toBe(before + 256)
  })

  it('running off the end of RAM is an instruction access fault', () => {
    const machine = load(
      `la t0, end\n csrw mtvec, t0\n li t0, 0x800ffff8\n jr t0\n .align 4\nend: ${powerOff}`,
      { engine }
    )
    machine.loadBinary(0x800ffff8, Uint8Array.of(0x13, 0, 0, 0, 0x13, 0, 0, 0)) // nop; nop
    expect(machine.run(1000).reason).toBe('powerOff')
    expect(machine.lastTrap).toEqual({ cause: 1, pc: 0x80100000, value: 0x80100000 })
  })

  it('so is an instruction cut by the end of RAM, at its missing half', () => {
    const machine = load(
      `la t0, end\n csrw mtvec, t0\n li t0, 0x800ffffe\n jr t0\n .align 4\nend: ${powerOff}`,
      { engine }
    )
    machine.loadBinary(0x800ffffe, Uint8Array.of(0x13, 0))
    expect(machine.run(1000).reason).toBe('powerOff')
    expect(machine.lastTrap).toEqual({ cause: 1, pc: 0x800ffffe, value: 0x80100000 })
  })
})

describe('host access', () => {
  it.each([
    [ramBase - 1, 4],
    [ramBase + (1 << 20) - 3, 4],
    [0, 1]
  ])('refuses %i bytes outside RAM with the range and a hint', (address, length) => {
    const machine = load(powerOff)
    for (const action of [
      () => machine.loadBinary(address, new Uint8Array(length)),
      () => machine.readMemory(address, length)
    ]) {
      let caught: unknown
      try {
        action()
      } catch (error) {
        caught = error
      }
      expect(caught).toBeInstanceOf(AppError)
      expect((caught as AppError).code).toBe('board.addressRange')
      expect((caught as AppError).hint).toContain('0x80000000')
    }
  })
})
