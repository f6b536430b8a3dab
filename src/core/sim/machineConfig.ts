import { AppError } from '@shared/errors'
import type { MachineConfig } from './boards/presets'
import { worstInstructionCycles, type CacheShape } from './core/timing'

const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value))

/** Throws AppError input.invalid when a board description cannot be built. */
export function checkConfig(config: MachineConfig): void {
  const fail = (message: string, hint: string): never => {
    throw new AppError('input.invalid', `Board "${config.name}": ${message}`, hint)
  }
  if (!isPowerOfTwo(config.ramBytes) || config.ramBytes < 65536 || config.ramBytes > 2 ** 30) {
    fail(`ramBytes is ${config.ramBytes}.`, 'Choose a power of two from 65536 to 1073741824.')
  }
  if (!Number.isInteger(config.clockHz) || config.clockHz < 1 || config.clockHz > 0xffffffff) {
    fail(`clockHz is ${config.clockHz}.`, 'Give the clock in whole hertz, at most 4294967295.')
  }
  const { cycleModel } = config
  if (Object.values(cycleModel.issueCycles).some((cycles) => !Number.isInteger(cycles) || cycles < 1)) {
    fail('an instruction class has issue cycles below one.', 'Give every class a whole number of at least 1.')
  }
  if (!Number.isInteger(worstInstructionCycles(cycleModel)) || worstInstructionCycles(cycleModel) > 2000) {
    fail('its slowest instruction is too slow.', 'Use whole cycles, together at most 2000 per instruction.')
  }
  checkCache(cycleModel.instructionCache, 'instructionCache', fail)
  checkCache(cycleModel.dataCache, 'dataCache', fail)
  checkCache(cycleModel.secondLevelCache, 'secondLevelCache', fail)
  if (cycleModel.secondLevelCache !== null && cycleModel.dataCache === null) {
    fail(
      'it has a second-level cache and no data cache.',
      'Give it a data cache, or take the second level away.'
    )
  }
}

function checkCache(
  shape: CacheShape | null,
  name: string,
  fail: (message: string, hint: string) => never
): void {
  if (shape === null) return
  const { sizeBytes, ways, lineBytes } = shape
  if (![sizeBytes, ways, lineBytes].every(isPowerOfTwo) || lineBytes < 4 || sizeBytes < ways * lineBytes) {
    fail(
      `${name} of ${sizeBytes} bytes cannot have ${ways} ways of ${lineBytes}-byte lines.`,
      'Use powers of two, lines of at least 4 bytes, and sizeBytes >= ways * lineBytes.'
    )
  }
}
