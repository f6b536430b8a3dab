import type { DecoderPlan } from '../../core/lm/board/decoderProgram'
import { headSize, kvDim, parameterCount } from '../../core/lm/config'
import type { LmInfo, LmMemory } from '../../shared/contract/lm'
import type { LoadedLm } from './lmFiles'

/** Sizes of a model as pages and commands show them. */
export function presentLm({ name, model, calibrationFile, textFile }: LoadedLm): LmInfo {
  const { config } = model
  return {
    name,
    ...config,
    headSize: headSize(config),
    parameters: parameterCount(config),
    cacheBytesAt8Bits: 2 * config.layers * config.sequenceLength * kvDim(config),
    hasCalibration: calibrationFile !== null,
    hasText: textFile !== null
  }
}

/** A plan as pages show it. */
export function presentMemory({ program, block, freeBytes }: DecoderPlan): LmMemory {
  const { weightBytes, tableBytes, cacheBytes, workBytes } = block.image.memory
  return { programBytes: program.bytes.length, weightBytes, tableBytes, cacheBytes, workBytes, freeBytes }
}
