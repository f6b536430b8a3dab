import { corePresets } from '../sim/boards/presets'
import { plainTerms, type CycleModel } from '../sim/core/timing'
import { twinMachine, type CodeForm, type TwinMachine } from './twinMachine'

/** Cores whose RTL was measured. */
export const measuredCoreNames = [
  'picorv32',
  'picorv32-1wait',
  'picorv32-slowmul',
  'picorv32-compressed',
  'vexriscv-full',
  'vexriscv-full-sdram'
] as const

/** Name of a core whose RTL was measured. */
export type MeasuredCoreName = (typeof measuredCoreNames)[number]

const picorv32 = corePresets.small.cycleModel

/** Caches of VexRiscv in LiteX. */
const firstLevel = { sizeBytes: 4096, ways: 1, lineBytes: 32 } as const

/**
 * VexRiscv "full" as LiteX builds it, in front of block RAM: results of loads, products and shifts arrive late. Fitted on RTL
 * rows (`bitbench board twin`); the terms that no kernel exercises are those of `mid`.
 */
const vexriscv: CycleModel = {
  ...corePresets.mid.cycleModel,
  ...plainTerms,
  issueCycles: { ...corePresets.mid.cycleModel.issueCycles, store: 2, jump: 3 },
  loadUseStallCycles: 1,
  loadLaterUseStallCycles: 1,
  multiplyUseStallCycles: 1,
  multiplyLaterUseStallCycles: 1,
  shiftUseStallCycles: 1,
  branchCycles: { forwardTaken: 3, forwardNotTaken: 0, backwardTaken: 1, backwardNotTaken: 4 },
  instructionCache: { ...firstLevel, missCycles: 9 },
  dataCache: { ...firstLevel, missCycles: 19, writePolicy: 'through', writeBackCycles: 0 }
}

/**
 * The same core in front of SDRAM (MT48LC16M16, 32 bits wide, at the timings of 100 MHz) and LiteX's second level of 8 KiB, which
 * is written back. What a miss costs is fitted on RTL rows, the pipeline is that of block RAM.
 */
const vexriscvSdram: CycleModel = {
  ...vexriscv,
  instructionCache: { ...firstLevel, missCycles: 24 },
  dataCache: { ...firstLevel, missCycles: 27, writePolicy: 'through', writeBackCycles: 0 },
  secondLevelCache: { sizeBytes: 8192, ways: 1, lineBytes: 16, missCycles: 11, writeBackCycles: 13 }
}

const core = (
  name: MeasuredCoreName,
  coreName: string,
  model: CycleModel,
  form: CodeForm = 'rv32im'
): TwinMachine => twinMachine({ name, coreName, clockHz: 50_000_000 }, model, form)

/** Cores whose cycle models stand beside RTL rows of this product's kernels (`npm run bench:rtl`). */
export const measuredCores: Readonly<Record<MeasuredCoreName, TwinMachine>> = {
  picorv32: core('picorv32', 'PicoRV32, fast multiplier, barrel shifter, no wait states', picorv32),
  'picorv32-1wait': core('picorv32-1wait', 'PicoRV32, fast multiplier, barrel shifter, one wait state', {
    ...picorv32,
    memoryWaitCycles: 1
  }),
  // ENABLE_MUL: one bit a cycle.
  'picorv32-slowmul': core('picorv32-slowmul', 'PicoRV32, sequential multiplier, barrel shifter', {
    ...picorv32,
    issueCycles: { ...picorv32.issueCycles, multiply: 40 }
  }),
  'picorv32-compressed': core(
    'picorv32-compressed',
    'PicoRV32, fast multiplier, barrel shifter, compressed instructions',
    { ...picorv32, straddleCycles: 1 },
    'rv32imc'
  ),
  'vexriscv-full': core('vexriscv-full', 'VexRiscv full, 4 KiB caches, block RAM', vexriscv),
  'vexriscv-full-sdram': core(
    'vexriscv-full-sdram',
    'VexRiscv full, 4 KiB caches, SDRAM behind a second level of 8 KiB',
    vexriscvSdram
  )
}
