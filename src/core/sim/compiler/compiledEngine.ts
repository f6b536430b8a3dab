import * as arithmetic from '../core/arithmetic'
import { reachBytes, granuleShift } from '../core/decodedCode'
import { freshFunction } from '../core/copyFunction'
import type { Hart } from '../core/hart'
import type { Interpreter } from '../core/interpreter'
import { emitRegion } from './emitRegion'
import { discoverRegion, type Region } from './region'

/** Heat of an offset that cannot be compiled. */
const neverHot = 65535
/** Regions kept; beyond that all are dropped, which bounds memory for guests that keep rewriting themselves. */
const maxRegions = 2000

/** Executes from a block on while `left` instructions last; returns how many are left. */
type CompiledRegion = (left: number, block: number) => number

/** regionAt packs region number and block number: region << blockBits | block. A region has fewer than 64 blocks. */
const blockBits = 6

/** Runs hot code as JavaScript, with the same counts as the interpreter. */
export interface CompiledEngine {
  /** As Interpreter.run without stopAtJumps: same results, same counts. */
  run: (limit: number) => number
}

/**
 * The engine, or null where the host forbids `new Function` (a content security policy without unsafe-eval). An offset
 * is compiled when it has been jumped to `hotJumps` (below 65535) times.
 */
export function createCompiledEngine(
  hart: Hart,
  interpreter: Interpreter,
  hotJumps: number
): CompiledEngine | null {
  try {
    freshFunction('', 'return 0')(null)
  } catch {
    return null
  }
  const engine = new RegionCache(hart, interpreter, hotJumps)
  return { run: (limit) => engine.run(limit) }
}

/**
 * Runs hot code as compiled regions and everything else in the interpreter, jump by jump, counting how often each
 * offset is jumped to.
 */
class RegionCache {
  /** Where to enter compiled code, by halfword index: packed region and block, 0 for none. */
  private readonly regionAt: Int32Array
  private readonly heat: Uint16Array
  private regions: (CompiledRegion | null)[] = [null]
  private entries: number[][] = [[]]
  /** Regions by the granules whose bytes they depend on. */
  private readonly byGranule = new Map<number, Set<number>>()
  /** pc, cycles, last fetched line and pJ of the instructions, in and out of a region. */
  private readonly state = new Int32Array(4)

  constructor(
    private readonly hart: Hart,
    private readonly interpreter: Interpreter,
    private readonly hotJumps: number
  ) {
    this.regionAt = new Int32Array(hart.halves.length)
    this.heat = new Uint16Array(hart.halves.length)
    hart.code.onInvalidate = (start, end) => this.invalidate(start, end)
  }

  run(limit: number): number {
    const { hart, state, regionAt } = this
    let left = limit
    while (left > 0 && (hart.pc & hart.outsideRam) === 0) {
      const entry = regionAt[hart.pc >> 1] || this.warm(hart.pc)
      if (entry !== 0) {
        const before = left
        state[2] = hart.fetchLine
        const region = this.regions[entry >> blockBits] as CompiledRegion
        left = region(left, entry & ((1 << blockBits) - 1))
        hart.pc = state[0]
        hart.cycles += state[1]
        hart.fetchLine = state[2]
        hart.instructionPj += state[3]
        hart.instret += before - left
        if (left !== before) continue
      }
      const executed = this.interpreter.run(left, true)
      if (executed === 0) break
      left -= executed
    }
    return limit - left
  }

  /** Counts a jump to an offset and compiles when it has become hot. Returns the packed entry or 0. */
  private warm(offset: number): number {
    const index = offset >> 1
    const heat = this.heat[index]
    if (heat === neverHot) return 0
    this.heat[index] = heat + 1
    if (heat + 1 < this.hotJumps) return 0
    const region = discoverRegion(this.hart.code, offset, this.hart.bytes.length)
    if (region === null) {
      this.heat[index] = neverHot
      return 0
    }
    if (this.regions.length > maxRegions) this.dropAll()
    return this.install(region)
  }

  private install(region: Region): number {
    const number = this.regions.length
    this.regions.push(this.compile(region))
    this.entries.push(region.blocks.map((block) => block.start >> 1))
    region.blocks.forEach((block, position) => {
      // A block may lie in several regions. Whoever jumps to it takes the first, except to this region's own entry.
      const at = block.start >> 1
      if (this.regionAt[at] === 0 || block.start === region.entry)
        this.regionAt[at] = (number << blockBits) | position
    })
    for (const block of region.blocks) {
      for (const index of block.indices) {
        this.dependOn((index << 1) >> granuleShift, number)
        this.dependOn(((index << 1) + reachBytes) >> granuleShift, number)
      }
    }
    return this.regionAt[region.entry >> 1]
  }

  private dependOn(granule: number, region: number): void {
    let regions = this.byGranule.get(granule)
    if (regions === undefined) this.byGranule.set(granule, (regions = new Set()))
    regions.add(region)
  }

  private compile(region: Region): CompiledRegion {
    const { hart, state } = this
    const { body, exitPc, exitInstructions, exitCycles, exitEnergy } = emitRegion(hart, region)
    const { instructionCache, dataCache } = hart
    const environment: Record<string, unknown> = {
      ...arithmetic,
      x: hart.x,
      words: hart.words,
      halves: hart.halves,
      signedHalves: hart.signedHalves,
      bytes: hart.bytes,
      signedBytes: hart.signedBytes,
      granules: hart.code.granules,
      fetchTags: instructionCache?.tags,
      fetchMiss: instructionCache && ((line: number) => instructionCache.access(line, 0)),
      shiftCycles: hart.shiftCycles,
      dataTags: dataCache?.tags,
      dataAccess: dataCache && ((line: number, write: 0 | 1) => dataCache.access(line, write)),
      state,
      exitPc: Int32Array.from(exitPc),
      exitInstructions: Int32Array.from(exitInstructions),
      exitCycles: Int32Array.from(exitCycles),
      exitEnergy: Int32Array.from(exitEnergy)
    }
    // Constants of the enclosing function: V8 embeds the typed arrays' addresses in the machine code.
    const constants = Object.keys(environment).map((name) => `const ${name} = environment.${name}`)
    const source = `'use strict'\n${constants.join('\n')}\nreturn function region(budget, entry) {\n${body}\n}`
    return freshFunction('environment', source)(environment) as CompiledRegion
  }

  private invalidate(start: number, end: number): void {
    this.heat.fill(0, Math.max(0, start - reachBytes) >> 1, end >> 1)
    const granule = start >> granuleShift
    const stale = this.byGranule.get(granule)
    if (stale === undefined) return
    this.byGranule.delete(granule)
    for (const number of stale) {
      this.forget(number)
      this.regions[number] = null
    }
  }

  private forget(region: number): void {
    for (const index of this.entries[region]) {
      if (this.regionAt[index] >> blockBits !== region) continue
      this.regionAt[index] = 0
      this.heat[index] = 0
    }
  }

  private dropAll(): void {
    for (let region = 1; region < this.regions.length; region++) this.forget(region)
    this.regions = [null]
    this.entries = [[]]
    this.byGranule.clear()
  }
}
