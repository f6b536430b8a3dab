import { describe, expect, it } from 'vitest'
import { engines, load, powerOff, runProgram } from '../testMachine'
import {
  binary,
  branches,
  immediate,
  shifts,
  signed,
  unary,
  unsigned,
  type Binary
} from './referenceInstructions'

/**
 * Every integer instruction on a few operands, in both engines; the same in all pairs of many operands stands in
 * test/integration/core/sim/core/instructions.test.ts.
 */
const pairs: [bigint, bigint][] = [
  [-7n, 3n],
  [7n, -3n],
  [-0x80000000n, -1n],
  [5n, 0n],
  [0n, 1n],
  [33n, 33n],
  [-32768n, 0x7fffffffn],
  [0x12345678n, -0x76543211n],
  [0x00ff0100n, 31n],
  [-1n, 32n]
]
const outputs = 0x80040000

interface Line {
  /** One instruction (or a few) that leaves its result of a0 and a1 in a2. */
  readonly text: string
  readonly expected: Binary
}

/** Results of every line for every pair: the lines stand in one loop, run often enough that it is compiled. */
function runLines(lines: readonly Line[], engine: (typeof engines)[number]): number[][] {
  const table = pairs.map(([a, b]) => `.word ${unsigned(a)}, ${unsigned(b)}`).join('\n ')
  const machine = load(
    `
    li s1, 12
again:
    la s0, table
    la s2, end
    li s3, ${outputs}
next:
    lw a0, 0(s0)
    lw a1, 4(s0)
    ${lines.map(({ text }, at) => `${text}\n sw a2, ${4 * at}(s3)`).join('\n ')}
    addi s0, s0, 8
    addi s3, s3, ${4 * lines.length}
    bne s0, s2, next
    addi s1, s1, -1
    bnez s1, again
    ${powerOff}
    .align 64
table: ${table}
end: .word 0
    `,
    { engine }
  )
  expect(machine.run(1_000_000).reason).toBe('powerOff')
  const found = new Int32Array(machine.readMemory(outputs, pairs.length * lines.length * 4).buffer)
  return lines.map((_, line) => pairs.map((_pair, at) => found[at * lines.length + line]))
}

function check(lines: readonly Line[], engine: (typeof engines)[number]): void {
  const found = runLines(lines, engine)
  const named = (values: number[][]): [string, number[]][] => lines.map(({ text }, at) => [text, values[at]])
  const expected = lines.map(({ expected }) => pairs.map(([a, b]) => Number(signed(expected(a, b)))))
  expect(named(found)).toEqual(named(expected))
}

describe.each(engines)('instructions on a few operands, %s', (engine) => {
  it('between registers', () => {
    const two = Object.entries(binary).map(([name, expected]) => ({ text: `${name} a2, a0, a1`, expected }))
    const one = Object.entries(unary).map(([name, of]): Line => ({ text: `${name} a2, a0`, expected: of }))
    check([...two, ...one], engine)
  })

  it('with constants', () => {
    const withConstant = (references: Record<string, Binary>, constants: bigint[]): Line[] =>
      Object.entries(references).flatMap(([name, of]) =>
        constants.map((constant) => ({
          text: `${name} a2, a0, ${constant}`,
          expected: (a) => of(a, constant)
        }))
      )
    check([...withConstant(immediate, [-2048n, 1365n]), ...withConstant(shifts, [0n, 1n, 31n])], engine)
  })

  it('that branch', () => {
    const lines = Object.entries(branches).map(([name, isTaken]): Line => {
      const text = `li a2, 1\n ${name} a0, a1, .+8\n li a2, 0`
      return { text, expected: (a, b) => (isTaken(a, b) ? 1n : 0n) }
    })
    check(lines, engine)
  })

  it('that load and store bytes, halves and words, also misaligned ones', () => {
    const machine = runProgram(
      `
      li s0, 0x80030000
      li a0, 0x8899aabb
      sw a0, 0(s0)
      li a1, 0x7fee11c2
      sw a1, 4(s0)
      lb a2, 1(s0)
      lbu a3, 1(s0)
      lh a4, 2(s0)
      lhu a5, 2(s0)
      lw a6, 4(s0)
      lw a7, 2(s0)
      lh s2, 3(s0)
      lhu s3, 7(s0)
      sb a1, 8(s0)
      sh a0, 10(s0)
      lw s4, 8(s0)
      sw a1, 13(s0)
      sh a0, 19(s0)
      lw s5, 12(s0)
      lw s6, 16(s0)
      lw s7, 20(s0)`,
      { engine }
    )
    const x = [...machine.registers()].map((value) => value >>> 0)
    // Bytes of memory at the end, from 0 (byte 8 is 00 when 7 is read): bb aa 99 88 c2 11 ee 7f c2 00 bb aa 00 c2 11 ee 7f 00 00 bb aa.
    expect(x.slice(12, 18)).toEqual([0xffffffaa, 0xaa, 0xffff8899, 0x8899, 0x7fee11c2, 0x11c28899])
    expect(x.slice(18, 24)).toEqual([0xffffc288, 0x7f, 0xaabb00c2, 0xee11c200, 0xbb00007f, 0xaa])
  })

  it('that link where they come from, and drop bit 0 of where they go to', () => {
    const x = runProgram(
      `
      auipc a0, 1
      jal a1, over
      .word 0
over: la t0, target
      jalr a2, 1(t0)
      .word 0
target: nop`,
      { engine }
    ).registers()
    expect([...x].slice(10, 13)).toEqual([0x80001000, 0x80000008, 0x80000018])
  })

  it('that write to x0 write nothing', () => {
    const source =
      'li s0, 0x80001000\n li a0, 7\n add x0, a0, a0\n lw x0, 0(s0)\n mv a1, x0\n jal x0, .+4\n mv a2, x0'
    const x = runProgram(source, { engine }).registers()
    expect([x[0], x[11], x[12]]).toEqual([0, 0, 0])
  })
})
