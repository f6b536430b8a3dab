import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { engines, load, powerOff, register, runProgram } from '../../../../unit/core/sim/testMachine'

/** Independent of the implementation: unbounded integers, truncated at the end. */
const signed = (value: bigint): bigint => BigInt.asIntN(32, value)
const unsigned = (value: bigint): bigint => BigInt.asUintN(32, value)
const bitsOf = (value: bigint): string => unsigned(value).toString(2).padStart(32, '0')
const fromBits = (bits: string): bigint => BigInt(`0b${bits}`)
const rotateLeft = (value: bigint, by: bigint): bigint => {
  const bits = bitsOf(value)
  const at = Number(by & 31n)
  return fromBits(bits.slice(at) + bits.slice(0, at))
}
const bytesOf = (value: bigint): string[] => bitsOf(value).match(/.{8}/g)!

const binary: Record<string, (a: bigint, b: bigint) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  sll: (a, b) => a << (b & 31n),
  slt: (a, b) => (signed(a) < signed(b) ? 1n : 0n),
  sltu: (a, b) => (unsigned(a) < unsigned(b) ? 1n : 0n),
  xor: (a, b) => a ^ b,
  srl: (a, b) => unsigned(a) >> (b & 31n),
  sra: (a, b) => signed(a) >> (b & 31n),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  mul: (a, b) => a * b,
  mulh: (a, b) => (signed(a) * signed(b)) >> 32n,
  mulhsu: (a, b) => (signed(a) * unsigned(b)) >> 32n,
  mulhu: (a, b) => (unsigned(a) * unsigned(b)) >> 32n,
  div: (a, b) => (signed(b) === 0n ? -1n : signed(a) / signed(b)),
  divu: (a, b) => (unsigned(b) === 0n ? -1n : unsigned(a) / unsigned(b)),
  rem: (a, b) => (signed(b) === 0n ? a : signed(a) % signed(b)),
  remu: (a, b) => (unsigned(b) === 0n ? a : unsigned(a) % unsigned(b)),
  andn: (a, b) => a & ~b,
  orn: (a, b) => a | ~b,
  xnor: (a, b) => ~(a ^ b),
  min: (a, b) => (signed(a) < signed(b) ? a : b),
  max: (a, b) => (signed(a) > signed(b) ? a : b),
  minu: (a, b) => (unsigned(a) < unsigned(b) ? a : b),
  maxu: (a, b) => (unsigned(a) > unsigned(b) ? a : b),
  rol: rotateLeft,
  ror: (a, b) => rotateLeft(a, 32n - (b & 31n))
}

const unary: Record<string, (a: bigint) => bigint> = {
  clz: (a) => BigInt(/^0*/.exec(bitsOf(a))![0].length),
  ctz: (a) => BigInt(/0*$/.exec(bitsOf(a))![0].length),
  cpop: (a) => BigInt(bitsOf(a).replace(/0/g, '').length),
  'sext.b': (a) => BigInt.asIntN(8, a),
  'sext.h': (a) => BigInt.asIntN(16, a),
  'zext.h': (a) => BigInt.asUintN(16, a),
  rev8: (a) => fromBits(bytesOf(a).reverse().join('')),
  'orc.b': (a) =>
    fromBits(
      bytesOf(a)
        .map((byte) => (byte === '00000000' ? byte : '11111111'))
        .join('')
    )
}

const immediate: Record<string, (a: bigint, b: bigint) => bigint> = {
  addi: binary['add'],
  slti: binary['slt'],
  sltiu: binary['sltu'],
  xori: binary['xor'],
  ori: binary['or'],
  andi: binary['and']
}
const shifts: Record<string, (a: bigint, b: bigint) => bigint> = {
  slli: binary['sll'],
  srli: binary['srl'],
  srai: binary['sra'],
  rori: binary['ror']
}

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

  it.each([
    ['beq', (a: bigint, b: bigint) => a === b],
    ['bne', (a: bigint, b: bigint) => a !== b],
    ['blt', (a: bigint, b: bigint) => a < b],
    ['bge', (a: bigint, b: bigint) => a >= b],
    ['bltu', (a: bigint, b: bigint) => unsigned(a) < unsigned(b)],
    ['bgeu', (a: bigint, b: bigint) => unsigned(a) >= unsigned(b)]
  ])('%s', (name, reference) => {
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
