import { op } from './operations'

/** What an AMO leaves in memory, given the old word and rs2. */
export function combineAtomic(operation: number, old: number, operand: number): number {
  switch (operation) {
    case op.amoadd:
      return (old + operand) | 0
    case op.amoxor:
      return old ^ operand
    case op.amoand:
      return old & operand
    case op.amoor:
      return old | operand
    case op.amomin:
      return Math.min(old, operand)
    case op.amomax:
      return Math.max(old, operand)
    case op.amominu:
      return old >>> 0 < operand >>> 0 ? old : operand
    case op.amomaxu:
      return old >>> 0 > operand >>> 0 ? old : operand
    default: // amoswap
      return operand
  }
}
