import { combineAtomic } from './atomicOperation'
import { exceptionCause, type Hart } from './hart'
import { isLoad, isStore, op } from './operations'

const branchOpcode = 0x63

/** What the machine has to do after a slow instruction, if anything. */
export type SlowOutcome = 'done' | 'wait' | 'lockup'

/**
 * Executes the one instruction at hart.pc that the fast loops stopped in front of: device and misaligned accesses,
 * stores into decoded code, atomics, CSRs, traps. Both engines come here for them, so they cannot differ.
 * `wait` means wfi; `lockup` means that the trap handler itself cannot be fetched.
 */
// eslint-disable-next-line max-lines-per-function -- one switch over the slow operations
export function executeSlow(hart: Hart): SlowOutcome {
  const { code, x } = hart
  if ((hart.pc & hart.outsideRam) !== 0) return fetchFault(hart, hart.pc)
  hart.chargeFetch()
  const index = hart.pc >> 1
  if (code.operation[index] === op.undecoded) code.decodeAt(index)
  // Everything is read before anything is done: a store may overwrite its own instruction.
  const operation = code.operation[index]
  const fields = code.fields[index]
  const immediate = code.immediate[index]
  const cost = code.cost[index]
  const energyPj = code.energy[index]
  const rd = fields & 63
  const rs1 = (fields >> 8) & 31
  const rs2 = (fields >> 16) & 31
  const retire = (): SlowOutcome => {
    hart.instret++
    hart.cycles += cost
    hart.instructionPj += energyPj
    hart.pc += fields >>> 24
    return 'done'
  }

  if (isLoad(operation)) {
    const sizeBytes = operation === op.lw ? 4 : operation === op.lh || operation === op.lhu ? 2 : 1
    const value = load(hart, (x[rs1] + immediate - hart.ramBase) | 0, sizeBytes)
    if (value === null) return 'done'
    x[rd] = operation === op.lb ? (value << 24) >> 24 : operation === op.lh ? (value << 16) >> 16 : value
    return retire()
  }
  if (isStore(operation)) {
    const sizeBytes = operation === op.sw ? 4 : operation === op.sh ? 2 : 1
    return store(hart, (x[rs1] + immediate - hart.ramBase) | 0, sizeBytes, x[rs2]) ? retire() : 'done'
  }
  if (operation === op.misalignedJump && !isTaken(code.wordAt(hart.pc), x[rs1], x[rs2])) return retire()
  if (operation === op.misalignedJump || operation === op.jalr) {
    hart.trap(exceptionCause.instructionMisaligned, 0)
    return 'done'
  }
  if (operation >= op.lr) {
    return atomic(hart, operation, rd, (x[rs1] - hart.ramBase) | 0, x[rs2]) ? retire() : 'done'
  }
  switch (operation) {
    case op.fetchFault:
      return fetchFault(hart, hart.pc + 2)
    case op.ecall:
      hart.trap(exceptionCause.machineCall, 0)
      return 'done'
    case op.ebreak:
      hart.trap(exceptionCause.breakpoint, hart.pc + hart.ramBase)
      return 'done'
    case op.mret:
      retire()
      hart.csr.popInterruptEnable()
      hart.pc = (hart.csr.mepc - hart.ramBase) | 0
      return 'done'
    case op.wfi:
      retire()
      return 'wait'
    case op.fencei:
      if (!hart.csr.hasMachine) return illegal(hart)
      // Decoded code follows every store by itself; only the modelled cache has to be emptied.
      hart.instructionCache?.clear()
      hart.fetchLine = -1
      return retire()
  }
  if (operation < op.csrrw) {
    hart.trap(exceptionCause.illegalInstruction, immediate)
    return 'done'
  }
  const operand = operation >= op.csrrwi ? rs1 : x[rs1]
  const csrNumber = immediate
  // csrrs and csrrc with x0 (or a zero immediate) only read; csrrw always writes.
  const swaps = operation === op.csrrw || operation === op.csrrwi
  const writes = swaps || rs1 !== 0
  const old = hart.csr.read(csrNumber)
  if (old === null || (writes && csrNumber >> 10 === 3)) {
    return illegal(hart)
  }
  const sets = operation === op.csrrs || operation === op.csrrsi
  const next = swaps ? operand : sets ? old | operand : old & ~operand
  x[rd] = old
  // A written counter shows the written value to the next instruction (section 3.1.10), so it is written last.
  retire()
  if (writes) hart.csr.write(csrNumber, next)
  return 'done'
}

/** Whether a branch or jal, of which this is the word, jumps. */
function isTaken(word: number, a: number, b: number): boolean {
  if ((word & 0x7f) !== branchOpcode) return true
  const funct3 = (word >>> 12) & 7
  const isLess = (funct3 & 2) !== 0 ? a >>> 0 < b >>> 0 : a < b
  const isMet = (funct3 & 4) !== 0 ? isLess : a === b
  return isMet === ((funct3 & 1) === 0)
}

function illegal(hart: Hart): SlowOutcome {
  hart.trap(exceptionCause.illegalInstruction, hart.code.wordAt(hart.pc))
  return 'done'
}

function fetchFault(hart: Hart, offset: number): SlowOutcome {
  const atHandler = (hart.pc + hart.ramBase) >>> 0 === hart.csr.mtvec >>> 0
  hart.trap(exceptionCause.instructionAccess, offset + hart.ramBase)
  return atHandler ? 'lockup' : 'done'
}

/** True after trapping on an address that is not a multiple of its size, where the core does not split such accesses. */
function trapsMisaligned(hart: Hart, offset: number, sizeBytes: number, cause: number): boolean {
  if (hart.misaligned || (offset & (sizeBytes - 1)) === 0) return false
  hart.trap(cause, (offset + hart.ramBase) >>> 0)
  return true
}

/** True when [offset, offset + sizeBytes) lies in RAM. */
function inRam(hart: Hart, offset: number, sizeBytes: number): boolean {
  return (offset & hart.outsideRam) === 0 && ((offset + sizeBytes - 1) & hart.outsideRam) === 0
}

/** The loaded value, zero-extended, or null after trapping. Misaligned accesses work in RAM, as on QEMU, unless the core traps. */
function load(hart: Hart, offset: number, sizeBytes: number): number | null {
  if (trapsMisaligned(hart, offset, sizeBytes, exceptionCause.loadMisaligned)) return null
  if (inRam(hart, offset, sizeBytes)) {
    hart.chargeData(offset, sizeBytes, 0)
    let value = 0
    for (let byte = 0; byte < sizeBytes; byte++) value |= hart.bytes[offset + byte] << (8 * byte)
    return value
  }
  const address = (offset + hart.ramBase) >>> 0
  const value = hart.bus.read(address, sizeBytes)
  if (value === null) {
    hart.trap(exceptionCause.loadAccess, address)
    return null
  }
  hart.cycles += hart.model?.deviceAccessCycles ?? 0
  return value | 0
}

/** False after trapping. */
function store(hart: Hart, offset: number, sizeBytes: number, value: number): boolean {
  if (trapsMisaligned(hart, offset, sizeBytes, exceptionCause.storeMisaligned)) return false
  if (!hart.readOnly && inRam(hart, offset, sizeBytes)) {
    hart.chargeData(offset, sizeBytes, 1)
    for (let byte = 0; byte < sizeBytes; byte++) hart.bytes[offset + byte] = value >>> (8 * byte)
    hart.code.invalidate(offset, sizeBytes)
    return true
  }
  const address = (offset + hart.ramBase) >>> 0
  const unsigned = sizeBytes === 4 ? value >>> 0 : value & (sizeBytes === 2 ? 0xffff : 0xff)
  if (!hart.bus.write(address, unsigned, sizeBytes)) {
    hart.trap(exceptionCause.storeAccess, address)
    return false
  }
  hart.cycles += hart.model?.deviceAccessCycles ?? 0
  return true
}

/**
 * lr.w, sc.w and the AMOs, in RAM only and naturally aligned. With one hart a reservation is lost only to an sc.w.
 * False after trapping.
 */
function atomic(hart: Hart, operation: number, rd: number, offset: number, operand: number): boolean {
  const { x, words } = hart
  const address = (offset + hart.ramBase) >>> 0
  const loads = operation === op.lr
  if ((offset & 3) !== 0) {
    hart.trap(loads ? exceptionCause.loadMisaligned : exceptionCause.storeMisaligned, address)
    return false
  }
  if (hart.readOnly || !inRam(hart, offset, 4)) {
    hart.trap(loads ? exceptionCause.loadAccess : exceptionCause.storeAccess, address)
    return false
  }
  const old = words[offset >> 2]
  if (loads) {
    hart.chargeData(offset, 4, 0)
    hart.reservation = offset
    x[rd] = old
    return true
  }
  if (operation === op.sc) {
    const succeeds = hart.reservation === offset
    hart.reservation = -1
    x[rd] = succeeds ? 0 : 1
    if (!succeeds) return true
  } else {
    hart.chargeData(offset, 4, 0)
    x[rd] = old
  }
  hart.chargeData(offset, 4, 1)
  words[offset >> 2] = operation === op.sc ? operand : combineAtomic(operation, old, operand)
  hart.code.invalidate(offset, 4)
  return true
}
