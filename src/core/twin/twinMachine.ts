import { litexMap } from '../board/description/shippedBoards'
import { corePresets, type MachineConfig } from '../sim/boards/presets'
import type { CacheShape, CycleModel, DataCacheShape, SecondLevelShape, Shifter } from '../sim/core/timing'
import type { FittedTwin } from './fittedTwin'
import { memoryPosition, memoryShapes, type TwinStructure } from './structure'
import type { TermName } from './terms'

/** How the kernels were compiled: with two-byte instructions or without. */
export const codeForms = ['rv32im', 'rv32imc'] as const

/** Form of the code that the rows were measured with. */
export type CodeForm = (typeof codeForms)[number]

/** A virtual board whose cycle model was found from rows or belongs to a measured core, with the monitor it runs. */
export interface TwinMachine {
  config: MachineConfig
  /** `rv32im`: the monitor for LiteX's memory map; `rv32imc`: the plain monitor. */
  form: CodeForm
}

const twinImplementationId = 4
const ramBytes = 8 << 20
/** Where cores without compressed instructions have their RAM and UART: LiteX's usual places. */
const twinMap = { ...litexMap, bios: false } as const
/** What the simulator counts time with where the real clock is not known; the board then reports none. */
const assumedClockHz = 100_000_000

/** The machine of a cycle model. `clockHz` null: the board does not say its clock. */
export function twinMachine(
  identity: { name: string; coreName: string; clockHz: number | null },
  cycleModel: CycleModel,
  form: CodeForm
): TwinMachine {
  const { name, coreName, clockHz } = identity
  return {
    form,
    config: {
      name,
      coreName,
      implementationId: twinImplementationId,
      clockHz: clockHz ?? assumedClockHz,
      ...(clockHz === null ? { clockIsKnown: false as const } : {}),
      ramBytes,
      zbb: false,
      cycleModel,
      ...(form === 'rv32im' ? { litex: twinMap } : {})
    }
  }
}

/** The cycle model of a fitted twin; what no kernel of the fit exercises is taken from the preset of its family. */
export function twinCycleModel({ structure, cycles }: Pick<FittedTwin, 'structure' | 'cycles'>): CycleModel {
  const kin = (structure.family === 'pipeline' ? corePresets.mid : corePresets.small).cycleModel
  const of = (name: TermName): number => cycles[name] ?? 0
  return {
    issueCycles: {
      alu: of('alu'),
      shift: of('shift'),
      multiply: of('multiply'),
      divide: of('divide'),
      load: of('load'),
      store: of('store'),
      branch: of('branch'),
      jump: of('jump'),
      jumpRegister: of('jumpRegister'),
      csr: kin.issueCycles.csr,
      system: kin.issueCycles.system,
      atomic: kin.issueCycles.atomic
    },
    loadUseStallCycles: of('loadUse'),
    loadLaterUseStallCycles: of('loadLaterUse'),
    multiplyUseStallCycles: of('multiplyUse'),
    multiplyLaterUseStallCycles: of('multiplyLaterUse'),
    shiftUseStallCycles: of('shiftUse'),
    branchCycles: {
      forwardTaken: of('forwardTaken'),
      forwardNotTaken: of('forwardNotTaken'),
      backwardTaken: of('backwardTaken'),
      backwardNotTaken: of('backwardNotTaken')
    },
    shifter: shifterOf(structure, of),
    memoryWaitCycles: of('memoryWait'),
    straddleCycles: of('straddle'),
    trapCycles: kin.trapCycles,
    deviceAccessCycles: kin.deviceAccessCycles,
    ...cachesOf(structure, of)
  }
}

function shifterOf({ shifter }: TwinStructure, of: (name: TermName) => number): Shifter {
  if (shifter === 'barrel') return { form: 'barrel' }
  return shifter === 'step1'
    ? { form: 'iterative', bitsPerStep: 1, stepCycles: of('shiftStep1') }
    : { form: 'iterative', bitsPerStep: 4, stepCycles: of('shiftStep4') }
}

interface Caches {
  instructionCache: CacheShape | null
  dataCache: DataCacheShape | null
  secondLevelCache: SecondLevelShape | null
}

function cachesOf({ memory }: TwinStructure, of: (name: TermName) => number): Caches {
  const { instruction, data, second } = memoryShapes[memoryPosition(memory)]
  return {
    instructionCache: instruction && { ...instruction, missCycles: of('instructionMiss') },
    dataCache: data && { ...data, missCycles: of('dataMiss'), writeBackCycles: of('dataWriteBack') },
    secondLevelCache: second && {
      ...second,
      missCycles: of('secondMiss'),
      writeBackCycles: of('secondWriteBack')
    }
  }
}
