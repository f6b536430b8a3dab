import { describe, expect, it } from 'vitest'
import { engines, load, powerOff, register, runProgram } from '../../../../unit/core/sim/testMachine'

/** Polls LSR, reads a byte, sends it back plus one, until it receives zero. */
const echo = `
  li s0, 0x10000000
wait: lbu t0, 5(s0)
  andi t0, t0, 1
  beqz t0, wait
  lbu a0, 0(s0)
  addi a1, a1, 1
  beqz a0, done
  addi a0, a0, 1
send: lbu t0, 5(s0)
  andi t0, t0, 0x20
  beqz t0, send
  sb a0, 0(s0)
  j wait
done: ${powerOff}
`

describe.each(engines)('UART, %s', (engine) => {
  it('carries every byte both ways, however many are pushed at once', () => {
    const machine = load(echo, { engine })
    const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => 1 + ((index * 7) % 254))
    const end = Uint8Array.of(0)
    const answer: number[] = []
    let pushed = 0
    let reason = ''
    while (reason !== 'powerOff') {
      pushed += machine.uartPush(
        pushed < bytes.length ? bytes.subarray(pushed) : end.subarray(pushed - bytes.length)
      )
      reason = machine.run(1_000_000).reason
      for (const byte of machine.uartTake()) answer.push(byte)
    }
    expect(answer).toEqual([...bytes].map((byte) => byte + 1))
    expect(machine.registers()[register.a1]).toBe(bytes.length + 1)
  })

  it('accepts no more than its queue holds', () => {
    const machine = load('loop: j loop', { engine })
    expect(machine.uartPush(new Uint8Array(100_000))).toBe(65_536)
    expect(machine.uartPush(new Uint8Array(1))).toBe(0)
  })

  it('reports idle while the guest polls an empty line, and not while it works', () => {
    const machine = load(echo, { engine })
    const first = machine.run(1_000_000)
    expect(first.reason).toBe('idle')
    expect(first.executed).toBeLessThan(1000)
    machine.uartPush(Uint8Array.of(65))
    expect(machine.run(1_000_000).reason).toBe('idle')
    expect([...machine.uartTake()]).toEqual([66])
    const busy = load(
      // Looks at the line once in 400 instructions: that is work with a glance at the line, not waiting.
      'li s0, 0x10000000\nagain: lbu t0, 5(s0)\n li t1, 200\nwork: addi t1, t1, -1\n bnez t1, work\n j again',
      { engine }
    )
    expect(busy.run(200_000)).toEqual({ reason: 'budget', executed: 200_000 })
  })

  it('neither idling nor slicing changes what a benchmark counts between two reads', () => {
    const source = `
      li s0, 0x10000000
wait: lbu t0, 5(s0)
      andi t0, t0, 1
      beqz t0, wait
      lbu t0, 0(s0)
      csrr s1, mcycle
      csrr s2, minstret
      li t1, 5000
      li t2, 0x80010000
work: lw t3, 0(t2)
      mul t3, t3, t1
      sw t3, 64(t2)
      addi t1, t1, -1
      bnez t1, work
      csrr a0, mcycle
      csrr a1, minstret
      sub a0, a0, s1
      sub a1, a1, s2
      ${powerOff}`
    const measured = [1_000_000, 1000, 77, 1].map((slice) => {
      const machine = load(source, { engine, board: 'high', cycleModel: true })
      machine.run(slice)
      machine.advanceIdle(12_345)
      machine.uartPush(Uint8Array.of(1))
      while (machine.run(slice).reason !== 'powerOff');
      const x = machine.registers()
      return [x[register.a0], x[register.a1]]
    })
    // From the first minstret read to the second: that read, four for the two constants, five a round, one mcycle read.
    expect(measured[0][1]).toBe(1 + 4 + 5 * 5000 + 1)
    for (const one of measured) expect(one).toEqual(measured[0])
  })

  it('lets idle time pass in cycles but not in instructions', () => {
    const machine = load('loop: j loop', { engine })
    machine.run(100)
    machine.advanceIdle(5000)
    expect([machine.instret(), machine.cycles()]).toEqual([100, 5100])
  })

  it('has the registers of a 16550', () => {
    const machine = runProgram(
      `
      li s0, 0x10000000
      li t0, 0x80
      sb t0, 3(s0)          # DLAB
      li t0, 0x34
      sb t0, 0(s0)
      li t0, 0x12
      sb t0, 1(s0)
      lbu a0, 0(s0)
      lbu a1, 1(s0)
      li t0, 3
      sb t0, 3(s0)
      lbu a2, 3(s0)
      li t0, 0x5a
      sb t0, 7(s0)
      lbu a3, 7(s0)
      li t0, 1
      sb t0, 2(s0)          # FIFO on
      lbu a4, 2(s0)
      lbu a5, 5(s0)
      li t0, 2
      sb t0, 1(s0)          # transmitter interrupt
      lbu a6, 2(s0)
      lbu a7, 2(s0)`,
      { engine }
    )
    const x = machine.registers()
    expect([...x].slice(10, 18)).toEqual([0x34, 0x12, 3, 0x5a, 0xc1, 0x60, 0xc2, 0xc1])
    expect([...machine.uartTake()]).toEqual([])
  })

  it('holds the transmitter busy when nobody takes the bytes, and loses none', () => {
    const machine = load(
      `
      li s0, 0x10000000
      li s1, 1100000
send: lbu t0, 5(s0)
      andi t0, t0, 0x20
      beqz t0, send
      sb s1, 0(s0)
      addi s1, s1, -1
      bnez s1, send
      ${powerOff}`,
      { engine }
    )
    let total = 0
    let reason = ''
    let idle = 0
    while (reason !== 'powerOff') {
      reason = machine.run(20_000_000).reason
      if (reason === 'idle') idle++
      total += machine.uartTake().length
    }
    expect(total).toBe(1_100_000)
    expect(idle).toBe(1)
  })
})

describe('test finisher and reset', () => {
  it('asks for a reset, which starts over with RAM kept', () => {
    const machine = load(
      `
      li s0, 0x80010000
      lw a0, 0(s0)
      addi a0, a0, 1
      sw a0, 0(s0)
      li t0, 0x100000
      li t1, 0x7777
      sw t1, 0(t0)`
    )
    expect(machine.run(1000).reason).toBe('reset')
    machine.reset()
    expect([machine.instret(), machine.cycles(), machine.pc()]).toEqual([0, 0, 0x80000000])
    expect(machine.run(1000).reason).toBe('reset')
    expect(machine.registers()[register.a0]).toBe(2)
  })

  it('reads mtime from the cycle count', () => {
    const machine = runProgram('li s0, 0x0200bff8\n lw a0, 0(s0)\n csrr a1, mcycle\n lw a2, 4(s0)', {
      cycleModel: true,
      board: 'small'
    })
    const x = machine.registers()
    // lw on `small` takes five cycles.
    expect(x[register.a1] - x[register.a0]).toBe(5)
    expect(x[register.a2]).toBe(0)
  })
})
