import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import {
  binary,
  branches,
  immediate,
  shifts,
  signed,
  unary,
  unsigned
} from '../../../../unit/core/sim/core/referenceInstructions'
import { engines, load, powerOff, register, runProgram } from '../../../../unit/core/sim/testMachine'

const corners = [
  0n,
  1n,
  -1n,
  2n,
  31n,
  32n,
  33n,
  0x7fn,
  0x80n,
  0xffffn,
  0x8000n,
  0x7fffffffn,
  -0x80000000n,
  0x55555555n
]
const random = createRandom(20260101)
const values = [...corners, ...Array.from({ length: 12 }, () => signed(BigInt(random.integer(2 ** 32))))]
const immediates = [0n, 1n, -1n, 2047n, -2048n, 1365n]
const amounts = [0n, 1n, 7n, 16n, 31n]

/**
 * Runs `line` for every pair in a loop over a table in memory, so that the compiled engine compiles it, and returns
 * the results in order.
 */
function runTable(line: string, pairs: [bigint, bigint][], engine: (typeof engines)[number]): number[] {
  const table = pairs.map(([a, b]) => `.word ${unsigned(a)}, ${unsigned(b)}`).join('\n')
  const machine = load(
    `
    li s1, 60                 # rounds, to become hot
again:
    la s0, table
    la s2, end
    la s3, 0x80040000
next:
    lw a0, 0(s0)
    lw a1, 4(s0)
    ${line}
    sw a2, 0(s3)
    addi s0, s0, 8
    addi s3, s3, 4
    bne s0, s2, next
    addi s1, s1, -1
    bnez s1, again
    ${powerOff}
    .align 64
table: ${table.replace(/\n/g, '\n ')}
end: .word 0
    `,
    { engine }
  )
  expect(machine.run(10_000_000).reason).toBe('powerOff')
  return [...new Int32Array(machine.readMemory(0x80040000, pairs.length * 4).buffer)]
}

const cross = (left: bigint[], right: bigint[]): [bigint, bigint][] =>
  left.flatMap((a) => right.map((b): [bigint, bigint] => [a, b]))

describe.each(engines)('integer instructions, %s', (engine) => {
  it.each(Object.entries(binary))('%s', (name, reference) => {
    const pairs = cross(values, values)
    const expected = pairs.map(([a, b]) => Number(signed(reference(a, b))))
    expect(runTable(`${name} a2, a0, a1`, pairs, engine)).toEqual(expected)
  })

  it.each(Object.entries(unary))('%s', (name, reference) => {
    const pairs = values.map((a): [bigint, bigint] => [a, 0n])
    expect(runTable(`${name} a2, a0`, pairs, engine)).toEqual(
      pairs.map(([a]) => Number(signed(reference(a))))
    )
  })

  it.each([...Object.entries(immediate), ...Object.entries(shifts)])('%s', (name, reference) => {
    const pairs = values.map((a): [bigint, bigint] => [a, 0n])
    for (const constant of name in shifts ? amounts : immediates) {
      const expected = pairs.map(([a]) => Number(signed(reference(a, constant))))
      expect(runTable(`${name} a2, a0, ${constant}`, pairs, engine)).toEqual(expected)
    }
  })

  it.each(Object.entries(branches))('%s', (name, reference) => {
    const pairs = cross(values, values)
    const expected = pairs.map(([a, b]) => (reference(a, b) ? 1 : 0))
    expect(runTable(`li a2, 1\n ${name} a0, a1, .+12\n li a2, 0`, pairs, engine)).toEqual(expected)
  })

  it('never writes x0', () => {
    const source =
      'li s0, 0x80001000\n li a0, 7\n add x0, a0, a0\n lw x0, 0(s0)\n mv a1, x0\n lui x0, 5\n mv a2, x0'
    const x = runProgram(source, { engine }).registers()
    expect([x[0], x[register.a1], x[register.a2]]).toEqual([0, 0, 0])
  })

  it('auipc, jal and jalr link and compute from their own address', () => {
    const machine = runProgram(
      `
      auipc a0, 1
      jal a1, over
      .word 0
over: la t0, target
      jalr a2, 1(t0)          # bit 0 of the target is dropped
      .word 0
target: nop
      `,
      { engine }
    )
    const x = machine.registers()
    expect(x[register.a0]).toBe(0x80001000)
    expect(x[register.a1]).toBe(0x80000008)
    expect(x[register.a2]).toBe(0x80000018)
  })
})
