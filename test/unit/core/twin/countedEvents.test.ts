import { describe, expect, it } from 'vitest'
import { EventCounter } from '@core/twin/eventCounter'
import { staticEvents } from '@core/twin/staticEvents'
import { load, powerOff } from '../sim/testMachine'

/** The reads of the counter of instructions that a monitor makes before a kernel, and again behind it. */
const fourReads = ' csrr t5, minstret\n'.repeat(4)

/** What is counted of a kernel between the reads. */
function eventsOf(kernel: string) {
  const counter = new EventCounter([], 0)
  counter.begin()
  const source = `la s0, data\n j start\n .align 64\nstart:\n${fourReads}${kernel}\n .align 4\n${fourReads}${powerOff}\n .align 64\ndata: .word 3, 0`
  const machine = load(source, { engine: 'interpreter', observer: counter })
  expect(machine.run(100_000).reason).toBe('powerOff')
  const { code, counts } = counter.result()
  return staticEvents(code, counts)
}

const noClasses = {
  ...{ alu: 0, shift: 0, multiply: 0, divide: 0, load: 0, store: 0, branch: 0, jump: 0, jumpRegister: 0 },
  ...{ csr: 0, system: 0, atomic: 0 }
}

describe('events of a kernel, counted by hand', () => {
  it('of a loop of five rounds', () => {
    const kernel = `
      addi a0, zero, 5
loop: lw a1, 0(s0)
      add a2, a1, a1        # uses what was loaded
      mul a3, a2, a2
      addi a0, a0, -1
      sw a3, 4(s0)          # uses the product one instruction later
      slli a4, a3, 5
      add a5, a4, a4        # uses what was shifted
      sll a6, a5, a0        # by 4, 3, 2, 1 and 0
      bnez a0, loop         # four times taken, backwards
      beqz a0, over         # taken, forwards
      nop
over: bne zero, zero, loop2 # not taken
loop2: lw t3, 0(s0)
      nop
      add t4, t3, t3        # uses what was loaded one instruction earlier
      j end
      nop
end:  mul a3, a2, a2
      div a3, a2, a2        # overwrites the product before it is used
      add a4, a3, a3`
    expect(eventsOf(kernel)).toEqual({
      instructions: 1 + 9 * 5 + 2 + 4 + 3,
      classes: {
        ...noClasses,
        ...{
          alu: 1 + 3 * 5 + 2 + 1,
          shift: 10,
          multiply: 6,
          divide: 1,
          load: 6,
          store: 5,
          branch: 7,
          jump: 1
        }
      },
      ...{ loadUse: 5, loadLaterUse: 1, multiplyUse: 0, multiplyLaterUse: 5, shiftUse: 5 },
      ...{ forwardTaken: 1, forwardNotTaken: 1, backwardTaken: 4, backwardNotTaken: 1 },
      // By 5 five times and 4 + 3 + 2 + 1 + 0; in fours and ones 2 five times and 1 + 3 + 2 + 1 + 0.
      ...{ shiftSteps1: 25 + 10, shiftSteps4: 10 + 7 },
      ...{ straddles: 0, enteredStraddles: 0, compressed: 0 }
    })
  })

  it('of instructions that lie in two words because a short one stands before them', () => {
    const kernel = `
      .half 0x0001          # c.nop
      addi a0, zero, 3
again: addi a0, a0, -1
      bnez a0, again        # twice taken: two entries into a word's second half
      .half 0x0001`
    expect(eventsOf(kernel)).toMatchObject({
      ...{ instructions: 2 + 1 + 6, compressed: 2, straddles: 7, enteredStraddles: 2 },
      ...{ backwardTaken: 2, backwardNotTaken: 1, forwardTaken: 0 },
      classes: { ...noClasses, alu: 2 + 1 + 3, branch: 3 }
    })
  })

  it('of jumps through a register, products that are used at once and a shift that is not', () => {
    const kernel = `
      la t3, there
      jalr ra, 0(t3)
      nop
there: mul a0, a1, a2
      add a3, a0, a0
      slli a4, a3, 4
      nop
      add a5, a4, a4
      lw a0, 0(s0)
      j beyond              # goes elsewhere: what follows in memory does not follow in time
beyond: add a1, a0, a0
      sw a1, 4(s0)
      lw zero, 0(s0)
      add a2, zero, zero`
    const events = eventsOf(kernel)
    expect(events.classes).toMatchObject({
      jumpRegister: 1,
      jump: 1,
      multiply: 1,
      shift: 1,
      load: 2,
      store: 1
    })
    expect(events).toMatchObject({
      ...{ multiplyUse: 1, multiplyLaterUse: 0, shiftUse: 0, loadUse: 0, loadLaterUse: 0 },
      ...{ shiftSteps1: 4, shiftSteps4: 1 }
    })
  })

  it('begin anew with each benchmark, and need one', () => {
    const counter = new EventCounter([], 2)
    expect(() => counter.result()).toThrow('nothing was counted')
    const counting = Array.from({ length: 24 }, () => {
      counter.counterRead()
      return counter.isCounting()
    })
    // Eight reads a repetition, two repetitions before the one that is counted, four reads before its kernel.
    expect(counting.indexOf(true)).toBe(2 * 8 + 4 - 1)
    expect(counting.filter(Boolean)).toHaveLength(1)
    counter.begin()
    expect(counter.isCounting()).toBe(false)
  })
})
