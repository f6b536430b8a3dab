import type { KernelEvents } from './events'

/** Kinds of core that a twin may turn out to be; they differ in what is expected before any row is seen. */
export const coreFamilies = ['multicycle', 'pipeline'] as const

/** Family of cores whose terms a twin is fitted with. */
export type CoreFamily = (typeof coreFamilies)[number]

/** What is expected of a parameter, in cycles, and how far off it may well be (standard deviation). */
export interface Expectation {
  cycles: number
  spread: number
}

/** One parameter of the cycle model with the events it is charged for. */
export interface TwinTerm {
  name: TermName
  expected: Record<CoreFamily, Expectation>
  /** Least cycles it can have. */
  least: number
  /** Events of one run of a kernel; `memory`: position of the memory shape among those counted. */
  events(kernel: KernelEvents, memory: number): number
}

/** Costs that the cycle model of a twin is made of. */
export const termNames = [
  'alu',
  'shift',
  'multiply',
  'divide',
  'load',
  'store',
  'branch',
  'jump',
  'jumpRegister',
  'memoryWait',
  'loadUse',
  'loadLaterUse',
  'multiplyUse',
  'multiplyLaterUse',
  'shiftUse',
  'forwardTaken',
  'forwardNotTaken',
  'backwardTaken',
  'backwardNotTaken',
  'shiftStep1',
  'shiftStep4',
  'straddle',
  'instructionMiss',
  'dataMiss',
  'dataWriteBack',
  'secondMiss',
  'secondWriteBack'
] as const

/** Name of a term of a twin's cycle model. */
export type TermName = (typeof termNames)[number]

const expect = (cycles: number, spread: number): Expectation => ({ cycles, spread })
/** Something that a family has not: kept at its value unless the rows insist. */
const absent = expect(0, 0.02)

/**
 * [multicycle, pipeline]: the first after PicoRV32, whose states take three to six cycles an instruction, the second
 * after five-stage cores as VexRiscv.
 */
const expectations: Record<TermName, readonly [Expectation, Expectation]> = {
  alu: [expect(3, 1), expect(1, 0.1)],
  shift: [expect(3, 1), expect(1, 0.2)],
  multiply: [expect(6, 15), expect(1, 15)],
  divide: [expect(40, 10), expect(34, 10)],
  load: [expect(5, 1.5), expect(1, 0.5)],
  store: [expect(5, 1.5), expect(1, 2)],
  branch: [expect(3, 1), expect(1, 0.2)],
  jump: [expect(3, 1), expect(2, 1)],
  jumpRegister: [expect(6, 2), expect(4, 2)],
  memoryWait: [expect(0, 2), expect(0, 0.5)],
  loadUse: [absent, expect(2, 1)],
  loadLaterUse: [absent, expect(1, 0.7)],
  multiplyUse: [absent, expect(2, 1)],
  multiplyLaterUse: [absent, expect(1, 0.7)],
  shiftUse: [absent, expect(1, 0.7)],
  forwardTaken: [expect(2, 1), expect(3, 1.5)],
  forwardNotTaken: [absent, expect(0, 0.5)],
  backwardTaken: [expect(2, 1), expect(1, 1.5)],
  backwardNotTaken: [absent, expect(3, 1.5)],
  shiftStep1: [expect(1, 0.5), expect(1, 0.5)],
  shiftStep4: [expect(1, 0.5), expect(1, 0.5)],
  straddle: [expect(0, 1), expect(0, 0.3)],
  instructionMiss: [expect(12, 20), expect(12, 20)],
  dataMiss: [expect(12, 20), expect(12, 20)],
  dataWriteBack: [expect(6, 10), expect(6, 10)],
  secondMiss: [expect(15, 15), expect(15, 15)],
  secondWriteBack: [expect(8, 8), expect(8, 8)]
}

/** Terms that cost at least a cycle: an instruction, and a miss (a miss without cost would be a hit). */
const atLeastOne: ReadonlySet<TermName> = new Set<TermName>([
  'alu',
  'shift',
  'multiply',
  'divide',
  'load',
  'store',
  'branch',
  'jump',
  'jumpRegister',
  'instructionMiss',
  'dataMiss'
])

const eventsOf: Record<TermName, TwinTerm['events']> = {
  alu: ({ classes }) => classes.alu,
  shift: ({ classes }) => classes.shift,
  multiply: ({ classes }) => classes.multiply,
  divide: ({ classes }) => classes.divide,
  load: ({ classes }) => classes.load,
  store: ({ classes }) => classes.store,
  branch: ({ classes }) => classes.branch,
  jump: ({ classes }) => classes.jump,
  jumpRegister: ({ classes }) => classes.jumpRegister,
  memoryWait: (kernel) =>
    kernel.instructions -
    kernel.classes.multiply -
    kernel.classes.divide +
    kernel.classes.load +
    kernel.classes.store +
    kernel.forwardTaken +
    kernel.backwardTaken,
  loadUse: (kernel) => kernel.loadUse,
  loadLaterUse: (kernel) => kernel.loadLaterUse,
  multiplyUse: (kernel) => kernel.multiplyUse,
  multiplyLaterUse: (kernel) => kernel.multiplyLaterUse,
  shiftUse: (kernel) => kernel.shiftUse,
  forwardTaken: (kernel) => kernel.forwardTaken,
  forwardNotTaken: (kernel) => kernel.forwardNotTaken,
  backwardTaken: (kernel) => kernel.backwardTaken,
  backwardNotTaken: (kernel) => kernel.backwardNotTaken,
  shiftStep1: (kernel) => kernel.shiftSteps1,
  shiftStep4: (kernel) => kernel.shiftSteps4,
  straddle: (kernel) => kernel.straddles,
  instructionMiss: ({ memory }, shape) => memory[shape].instructionMisses,
  dataMiss: ({ memory }, shape) => memory[shape].dataMisses,
  dataWriteBack: ({ memory }, shape) => memory[shape].dataWriteBacks,
  secondMiss: ({ memory }, shape) => memory[shape].secondMisses,
  secondWriteBack: ({ memory }, shape) => memory[shape].secondWriteBacks
}

/** The terms by name. */
export const twinTerms: Readonly<Record<TermName, TwinTerm>> = Object.fromEntries(
  termNames.map((name) => {
    const [multicycle, pipeline] = expectations[name]
    const least = atLeastOne.has(name) ? 1 : 0
    return [name, { name, expected: { multicycle, pipeline }, least, events: eventsOf[name] }]
  })
) as Record<TermName, TwinTerm>
