import { discardRegister, granuleShift } from '../core/decodedCode'
import type { Hart } from '../core/hart'
import { isBranch, isLoad, isRegisterShift, isStore, op, sourcesOf } from '../core/operations'
import { conditions, expressions } from './expressions'
import type { Block, Region } from './region'

/**
 * Writes one region as the body of a JavaScript function `(budget, entry) => left` that starts at any of its blocks and
 * executes whole blocks while the budget lasts:
 *
 *     registers into locals
 *     run: for (;;) switch (block) {
 *       case 0: if ((left -= 7) < 0) { exit = 1; break run }       // 7 instructions in this block
 *               cycles += 9; energy += 900                         // their static cost, and their pJ
 *               a = (r10 + 4) | 0; if (a & mask) { exit = 2; break run } ...
 *     }
 *     undo what the exit left unexecuted, locals into registers
 *
 * A block charges its instructions, static cycles and energy when it begins. An exit in its middle, in front of an access
 * that only the slow path can do, gives back what it did not execute: left, cycles and energy by a table of exits. A block that
 * jumps to itself becomes a loop of its own, so that V8 sees the loop.
 *
 * `state` carries pc, cycles, the last fetched line and the energy in and out.
 */
export function emitRegion(hart: Hart, region: Region): RegionSource {
  return new RegionWriter(hart, region).write()
}

/** JavaScript of a region of code, with what its exits give back. */
export interface RegionSource {
  body: string
  /** By exit number: pc, instructions, static cycles and pJ to give back. Exit 0 goes to the computed `target`. */
  exitPc: number[]
  exitInstructions: number[]
  exitCycles: number[]
  exitEnergy: number[]
}

class RegionWriter {
  private readonly lines: string[] = []
  private readonly read = new Set<number>()
  private readonly written = new Set<number>()
  private readonly exitPc = [0]
  private readonly exitInstructions = [0]
  private readonly exitCycles = [0]
  private readonly exitEnergy = [0]
  private readonly blockNumbers = new Map<number, number>()

  constructor(
    private readonly hart: Hart,
    private readonly region: Region
  ) {
    region.blocks.forEach((block, number) => this.blockNumbers.set(block.start, number))
  }

  write(): RegionSource {
    this.region.blocks.forEach((block, number) => this.writeBlock(block, number))
    const used = [...new Set([...this.read, ...this.written])].sort((a, b) => a - b)
    const body = [
      'let left = budget | 0, block = entry | 0, cycles = 0, energy = 0, exit = 0, target = 0, a = 0, t = 0, fetchLine = state[2]',
      ...used.map((register) => `let r${register} = x[${register}]`),
      'run: for (;;) switch (block) {',
      ...this.lines,
      '}',
      'if (exit !== 0) { target = exitPc[exit]; left += exitInstructions[exit]; cycles -= exitCycles[exit]; energy -= exitEnergy[exit] }',
      ...[...this.written].map((register) => `x[${register}] = r${register}`),
      'state[0] = target; state[1] = cycles; state[2] = fetchLine; state[3] = energy',
      'return left'
    ].join('\n')
    const { exitPc, exitInstructions, exitCycles, exitEnergy } = this
    return { body, exitPc, exitInstructions, exitCycles, exitEnergy }
  }

  private writeBlock(block: Block, number: number): void {
    const { code } = this.hart
    const costs = block.indices.map((index) => code.cost[index])
    const energies = block.indices.map((index) => code.energy[index])
    const [total, totalPj] = [sumOf(costs), sumOf(energies)]
    const last = block.indices[block.indices.length - 1]
    const loops = this.jumpTarget(last) === block.start
    this.lines.push(`case ${number}:`)
    if (loops) this.lines.push(`loop${number}: for (;;) {`)
    this.lines.push(
      `if ((left -= ${block.indices.length}) < 0) ${this.exit(block.start, block.indices.length, 0, 0)}`,
      `cycles = (cycles + ${total}) | 0; energy = (energy + ${totalPj}) | 0`
    )
    let charged = 0
    let chargedPj = 0
    block.indices.forEach((index, position) => {
      this.writeFetch(block, position)
      const giveBack = (): string =>
        this.exit(index << 1, block.indices.length - position, total - charged, totalPj - chargedPj)
      this.writeInstruction(index, giveBack, number, loops)
      charged += costs[position]
      chargedPj += energies[position]
    })
    if (!isUnconditional(code.operation[last])) {
      if (loops) this.lines.push('break')
      else this.lines.push(this.goTo(block.end, number))
    }
    if (loops) {
      this.lines.push('}')
      if (!isUnconditional(code.operation[last])) this.lines.push(this.goTo(block.end, number))
    }
  }

  /** The instruction-cache lookup, where a block begins and where it enters another line. */
  private writeFetch(block: Block, position: number): void {
    const cache = this.hart.instructionCache
    if (cache === null) return
    const line = (block.indices[position] << 1) >> cache.lineShift
    const slot = (line & cache.setMask) << cache.wayShift
    const lookUp = `fetchLine = ${line}; if (fetchTags[${slot}] >> 1 !== ${line}) cycles = (cycles + fetchMiss(${line})) | 0`
    if (position === 0) this.lines.push(`if (fetchLine !== ${line}) { ${lookUp} }`)
    else if (line !== (block.indices[position - 1] << 1) >> cache.lineShift) this.lines.push(lookUp)
  }

  private writeInstruction(index: number, giveBack: () => string, number: number, loops: boolean): void {
    const { code, ramBase } = this.hart
    const operation = code.operation[index]
    const fields = code.fields[index]
    const immediate = code.immediate[index]
    const rd = fields & 63
    const sources = sourcesOf(operation)
    const a = sources > 0 ? this.source((fields >> 8) & 31) : '0'
    const b = sources > 1 ? this.source((fields >> 16) & 31) : '0'
    const link = String(((index << 1) + (fields >>> 24) + ramBase) | 0)

    if (operation === op.fence) return
    if (isLoad(operation)) return this.writeLoad(operation, rd, a, immediate, giveBack)
    if (isStore(operation)) return this.writeStore(operation, a, b, immediate, giveBack)
    if (isBranch(operation)) {
      const condition = conditions.get(operation)!(a, b)
      const extra = immediate < 0 ? this.hart.takenBackward : this.hart.takenForward
      const charge = extra === 0 ? '' : `cycles = (cycles + ${extra}) | 0; `
      const jump = loops ? `continue loop${number}` : this.goTo((index << 1) + immediate, -1)
      this.lines.push(`if (${condition}) { ${charge}${jump} }`)
      return
    }
    if (operation === op.jal) {
      this.assign(rd, link)
      this.lines.push(loops ? `continue loop${number}` : this.goTo((index << 1) + immediate, number))
      return
    }
    if (operation === op.jalr) {
      this.lines.push(`target = (((${a} + ${immediate}) & ~1) - ${ramBase}) | 0`)
      const { misalignedTarget } = this.hart
      if (misalignedTarget !== 0) this.lines.push(`if ((target & ${misalignedTarget}) !== 0) ${giveBack()}`)
      this.assign(rd, link)
      if (rd === discardRegister) {
        for (const site of this.region.returnSites)
          this.lines.push(`if (target === ${site}) ${this.goTo(site, -1)}`)
      }
      this.lines.push('exit = 0; break run')
      return
    }
    if (this.hart.shiftCycles !== null && isRegisterShift(operation))
      this.lines.push(`cycles = (cycles + shiftCycles[${b} & 31]) | 0`)
    if (operation === op.dot) {
      if (rd === discardRegister) return
      return this.assign(rd, `(${this.source(rd)} + dotProduct(${immediate}, ${a}, ${b})) | 0`)
    }
    if (operation === op.quant) {
      if (rd === discardRegister) return
      return this.assign(rd, `quantizeOnTop(${this.source(rd)}, ${a}, ${b})`)
    }
    this.assign(rd, expressions.get(operation)!(a, b, literal(immediate)))
  }

  private writeLoad(
    operation: number,
    rd: number,
    a: string,
    immediate: number,
    giveBack: () => string
  ): void {
    const { view, shift, mask } = this.accessOf(operation)
    this.lines.push(`a = ${this.address(a, immediate)}; if ((a & ${mask}) !== 0) ${giveBack()}`)
    this.assign(rd, `${view}[a${shift}]`)
    const cache = this.hart.dataCache
    if (cache === null) return
    this.lines.push(
      `t = a >> ${cache.lineShift}; if ((dataTags[(t & ${cache.setMask}) << ${cache.wayShift}] | 1) !== (t << 1 | 1)) cycles = (cycles + dataAccess(t, 0)) | 0`
    )
  }

  private writeStore(
    operation: number,
    a: string,
    b: string,
    immediate: number,
    giveBack: () => string
  ): void {
    const { view, shift, mask } = this.accessOf(operation)
    this.lines.push(
      `a = ${this.address(a, immediate)}; if ((a & ${mask}) !== 0 || granules[a >> ${granuleShift}] !== 0) ${giveBack()}`,
      `${view}[a${shift}] = ${b}`
    )
    const cache = this.hart.dataCache
    if (cache === null || !this.hart.storesAllocate) return
    this.lines.push(
      `t = a >> ${cache.lineShift}; if (dataTags[(t & ${cache.setMask}) << ${cache.wayShift}] !== (t << 1 | 1)) cycles = (cycles + dataAccess(t, 1)) | 0`
    )
  }

  /** The typed array, index shift and "not plain RAM" mask of a load or store. */
  private accessOf(operation: number): { view: string; shift: string; mask: number } {
    const { outsideRam } = this.hart
    switch (operation) {
      case op.lw:
      case op.sw:
        return { view: 'words', shift: ' >> 2', mask: outsideRam | 3 }
      case op.lh:
        return { view: 'signedHalves', shift: ' >> 1', mask: outsideRam | 1 }
      case op.lhu:
      case op.sh:
        return { view: 'halves', shift: ' >> 1', mask: outsideRam | 1 }
      case op.lb:
        return { view: 'signedBytes', shift: '', mask: outsideRam }
      default:
        return { view: 'bytes', shift: '', mask: outsideRam }
    }
  }

  private address(a: string, immediate: number): string {
    return `(${a} + ${literal((immediate - this.hart.ramBase) | 0)}) | 0`
  }

  private source(register: number): string {
    if (register === 0) return '0'
    this.read.add(register)
    return `r${register}`
  }

  private assign(rd: number, expression: string): void {
    if (rd === discardRegister) return
    this.written.add(rd)
    this.lines.push(`r${rd} = ${expression}`)
  }

  /** Goes to another block of the region, or leaves it. `from` is the block being written, -1 inside an `if`. */
  private goTo(offset: number, from: number): string {
    const number = this.blockNumbers.get(offset)
    if (number === undefined) return this.exit(offset, 0, 0, 0)
    if (from >= 0 && number === from + 1) return '// falls through'
    return from === -1 ? `{ block = ${number}; continue run }` : `block = ${number}; continue run`
  }

  private exit(pc: number, instructions: number, cycles: number, energy: number): string {
    this.exitPc.push(pc)
    this.exitInstructions.push(instructions)
    this.exitCycles.push(cycles)
    this.exitEnergy.push(energy)
    return `{ exit = ${this.exitPc.length - 1}; break run }`
  }

  /** Where the last instruction of a block jumps to, if that is known. */
  private jumpTarget(index: number): number | null {
    const { code } = this.hart
    const operation = code.operation[index]
    return isBranch(operation) || operation === op.jal ? (index << 1) + code.immediate[index] : null
  }
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

const isUnconditional = (operation: number): boolean => operation === op.jal || operation === op.jalr

/** A number as source text that may follow any operator. */
const literal = (value: number): string => (value < 0 ? `(${value})` : String(value))
