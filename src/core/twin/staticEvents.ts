import { discardRegister, type DecodedCode } from '../sim/core/decodedCode'
import {
  classOf,
  endsFlow,
  isBranch,
  isImmediateShift,
  isLoad,
  isMultiply,
  isStore,
  op,
  sourcesOf
} from '../sim/core/operations'
import type { InstructionClass } from '../sim/core/timing'
import type { InstructionCounts } from './eventCounter'

/** Events that follow from which instructions ran how often; each is one term of the cycle model (timing.ts). */
export interface StaticEvents {
  instructions: number
  classes: Record<InstructionClass, number>
  loadUse: number
  loadLaterUse: number
  multiplyUse: number
  multiplyLaterUse: number
  shiftUse: number
  forwardTaken: number
  forwardNotTaken: number
  backwardTaken: number
  backwardNotTaken: number
  /** Steps of an iterative shifter: one bit at a time, and four bits then one. */
  shiftSteps1: number
  shiftSteps4: number
  /** Four-byte instructions that lie in two words, and those of them reached by a jump. */
  straddles: number
  enteredStraddles: number
  /** Two-byte instructions. */
  compressed: number
}

/** Sums the events of one counted stretch. */
export function staticEvents(code: DecodedCode, counts: InstructionCounts): StaticEvents {
  const events = noEvents()
  const { executed } = counts
  for (let index = 0; index < executed.length - 1;) {
    const runs = executed[index] > 0
    if (runs) addInstruction(events, code, counts, index)
    // A stretch that ran begins with an instruction; its later halfwords are none.
    index += runs ? Math.max(1, code.fields[index] >>> 25) : 1
  }
  return events
}

function addInstruction(
  events: StaticEvents,
  code: DecodedCode,
  counts: InstructionCounts,
  index: number
): void {
  const times = counts.executed[index]
  const operation = code.operation[index]
  const length = code.fields[index] >>> 24
  const kind = classOf(operation)
  events.instructions += times
  events.classes[kind] += times
  if (isBranch(operation)) addBranch(events, code.immediate[index], times, counts.taken[index])
  if (isImmediateShift(operation)) {
    const amount = code.immediate[index] & 31
    events.shiftSteps1 += times * amount
    events.shiftSteps4 += times * ((amount >> 2) + (amount & 3))
  } else if (kind === 'shift') {
    events.shiftSteps1 += counts.shiftAmounts[index]
    events.shiftSteps4 += counts.shiftSteps[index]
  }
  if (length === 2) events.compressed += times
  else if ((index & 1) === 1) {
    events.straddles += times
    events.enteredStraddles += counts.entered[index]
  }
  addUse(events, code, index, times)
}

function addBranch(events: StaticEvents, offset: number, times: number, taken: number): void {
  if (offset < 0) {
    events.backwardTaken += taken
    events.backwardNotTaken += times - taken
  } else {
    events.forwardTaken += taken
    events.forwardNotTaken += times - taken
  }
}

function addUse(events: StaticEvents, code: DecodedCode, index: number, times: number): void {
  const use = useDistance(code, index)
  if (use === 0) return
  const operation = code.operation[index]
  if (isLoad(operation)) {
    if (use === 1) events.loadUse += times
    else events.loadLaterUse += times
  } else if (isMultiply(operation)) {
    if (use === 1) events.multiplyUse += times
    else events.multiplyLaterUse += times
  } else if (use === 1 && classOf(operation) === 'shift') events.shiftUse += times
}

/**
 * How many instructions further on, in address order, the result of one is read: 1, 2, or 0 when neither reads it. The
 * second counts only when the first goes straight on and leaves the result alone.
 */
export function useDistance(code: DecodedCode, index: number): 0 | 1 | 2 {
  const rd = code.fields[index] & 63
  if (rd === discardRegister) return 0
  const next = index + (code.fields[index] >>> 25)
  if (reads(code, next, rd)) return 1
  const operation = code.operation[next]
  if (endsFlow(operation) || (!isStore(operation) && (code.fields[next] & 63) === rd)) return 0
  return reads(code, next + (code.fields[next] >>> 25), rd) ? 2 : 0
}

function reads(code: DecodedCode, index: number, register: number): boolean {
  if (code.operation[index] === op.undecoded) code.decodeAt(index)
  const sources = sourcesOf(code.operation[index])
  const fields = code.fields[index]
  return (
    (sources > 0 && ((fields >> 8) & 31) === register) || (sources > 1 && ((fields >> 16) & 31) === register)
  )
}

function noEvents(): StaticEvents {
  const classes = {
    alu: 0,
    shift: 0,
    multiply: 0,
    divide: 0,
    load: 0,
    store: 0,
    branch: 0,
    jump: 0,
    jumpRegister: 0,
    csr: 0,
    system: 0,
    atomic: 0
  }
  return {
    instructions: 0,
    classes,
    loadUse: 0,
    loadLaterUse: 0,
    multiplyUse: 0,
    multiplyLaterUse: 0,
    shiftUse: 0,
    forwardTaken: 0,
    forwardNotTaken: 0,
    backwardTaken: 0,
    backwardNotTaken: 0,
    shiftSteps1: 0,
    shiftSteps4: 0,
    straddles: 0,
    enteredStraddles: 0,
    compressed: 0
  }
}
