import { describe, expect, it } from 'vitest'
import {
  classOf,
  endsFlow,
  isBranch,
  isImmediateShift,
  isLoad,
  isMultiply,
  isRegisterShift,
  isStore,
  op,
  sourcesOf
} from '@core/sim/core/operations'

type Name = keyof typeof op
const words = (text: string): Name[] => text.split(/\s+/) as Name[]
const named = (is: (operation: number) => boolean): string[] =>
  (Object.keys(op) as Name[]).filter((name) => is(op[name]))

// By the formats of the unprivileged manual: R has two sources, I one, U and J none.
const none = words(
  'undecoded fetchFault illegal constant jal fence csrrwi csrrsi csrrci ecall ebreak mret wfi fencei'
)
const one = words(
  `addi slti sltiu xori ori andi slli srli srai lb lh lw lbu lhu jalr clz ctz cpop sextb sexth zexth rori rev8 orcb
   csrrw csrrs csrrc lr`
)

describe('the decoded operations', () => {
  it('read as many registers as their formats have', () => {
    const reading = (count: number): string[] => named((operation) => sourcesOf(operation) === count)
    // Reads of the unit xbb's own operand forms have two; a misaligned jump may be a branch.
    expect(reading(0)).toEqual(named((operation) => none.some((name) => op[name] === operation)))
    expect(reading(1).filter((name) => name !== 'byteMax')).toEqual(
      named((operation) => one.some((name) => op[name] === operation))
    )
  })

  it('are loads, stores, branches, shifts and products by their mnemonics', () => {
    expect(named(isLoad)).toEqual(words('lb lh lw lbu lhu'))
    expect(named(isStore)).toEqual(words('sb sh sw'))
    expect(named(isBranch)).toEqual(words('beq bne blt bge bltu bgeu'))
    expect(named(endsFlow)).toEqual(words('beq bne blt bge bltu bgeu jal jalr'))
    expect(named(isImmediateShift)).toEqual(words('slli srli srai rori'))
    expect(named(isRegisterShift)).toEqual(words('sll srl sra rol ror'))
    expect(named(isMultiply)).toEqual(words('mul mulh mulhsu mulhu dot quant dotAlone quantAlone'))
  })

  it('cost by their class', () => {
    const of = (kind: string): string[] => named((operation) => classOf(operation) === kind)
    expect(of('divide')).toEqual(words('div divu rem remu'))
    expect(of('shift')).toEqual(words('slli srli srai sll srl sra rol ror rori'))
    expect(of('jump')).toEqual(['jal'])
    expect(of('jumpRegister')).toEqual(['jalr'])
    expect(of('csr')).toEqual(words('csrrw csrrs csrrc csrrwi csrrsi csrrci'))
    expect(of('system')).toEqual(words('ecall ebreak mret wfi fencei'))
    expect(of('atomic').filter((name) => name !== 'misalignedJump')).toEqual(
      words('lr sc amoswap amoadd amoxor amoand amoor amomin amomax amominu amomaxu')
    )
    for (const name of words('addi add xor clz min andn rev8 orcb pack byteMax'))
      expect(classOf(op[name])).toBe('alu')
  })
})
