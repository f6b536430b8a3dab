import type { MemoryShape } from './memoryProbe'
import { coreFamilies, twinTerms, type CoreFamily, type TermName, type TwinTerm } from './terms'

/** Form of a shifter: one cycle, or by steps of 1 or 4 bits. */
export type ShifterForm = 'barrel' | 'step1' | 'step4'

/** What cannot be a number of the fit: which family a core is of, its caches and its shifter. */
export interface TwinStructure {
  family: CoreFamily
  /** Name among memoryShapes. */
  memory: string
  shifter: ShifterForm
}

const geometry = (
  kib: number,
  ways: number,
  lineBytes: number
): {
  sizeBytes: number
  ways: number
  lineBytes: number
} => ({ sizeBytes: kib * 1024, ways, lineBytes })

const shape = (
  name: string,
  first: ReturnType<typeof geometry>,
  writePolicy: 'through' | 'back',
  second: MemoryShape['second'] = null
): MemoryShape => ({ name, instruction: first, data: { ...first, writePolicy }, second })

/**
 * Caches that soft cores come with. VexRiscv in LiteX: 4 KiB direct-mapped, lines of 32 bytes, stores written through;
 * LiteX puts an 8 KiB second level in front of SDRAM (lines of a DRAM port, 16 or 32 bytes). VexiiRiscv and Rocket: lines
 * of 64 bytes, write-back.
 */
export const memoryShapes: readonly MemoryShape[] = [
  { name: 'no caches', instruction: null, data: null, second: null },
  { name: '2 KiB instruction cache only', instruction: geometry(2, 1, 32), data: null, second: null },
  { name: '4 KiB instruction cache only', instruction: geometry(4, 1, 32), data: null, second: null },
  shape('4 KiB, 1 way', geometry(4, 1, 32), 'through'),
  shape('4 KiB, 1 way, 8 KiB second level', geometry(4, 1, 32), 'through', geometry(8, 1, 16)),
  shape('4 KiB, 1 way, 8 KiB second level, 32-byte lines', geometry(4, 1, 32), 'through', geometry(8, 1, 32)),
  shape('8 KiB, 2 ways', geometry(8, 2, 32), 'through'),
  shape('4 KiB, 1 way, write-back', geometry(4, 1, 64), 'back'),
  shape('16 KiB, 4 ways, write-back', geometry(16, 4, 64), 'back')
]

/** Where a memory shape stands among memoryShapes. @throws Error for a name that no version had */
export function memoryPosition(name: string): number {
  const position = memoryShapes.findIndex((one) => one.name === name)
  if (position < 0) throw new Error(`no memory shape "${name}"`)
  return position
}

/** Every structure that is tried. A multi-cycle core has no use for caches. */
export const twinStructures: readonly TwinStructure[] = coreFamilies.flatMap((family) =>
  memoryShapes.flatMap(({ name: memory, instruction }) =>
    family === 'multicycle' && instruction !== null
      ? []
      : (['barrel', 'step1', 'step4'] as const).map((shifter) => ({ family, memory, shifter }))
  )
)

/** The terms that a structure has. */
export function termsOf({ memory, shifter }: TwinStructure): TwinTerm[] {
  const { instruction, data, second } = memoryShapes[memoryPosition(memory)]
  const left = new Set<TermName>()
  if (shifter !== 'step1') left.add('shiftStep1')
  if (shifter !== 'step4') left.add('shiftStep4')
  if (instruction === null) left.add('instructionMiss')
  if (data === null) left.add('dataMiss')
  if (data?.writePolicy !== 'back') left.add('dataWriteBack')
  if (second === null) for (const name of ['secondMiss', 'secondWriteBack'] as const) left.add(name)
  // Behind caches a wait state is part of the miss.
  if (data !== null) left.add('memoryWait')
  return Object.values(twinTerms).filter(({ name }) => !left.has(name))
}
