import type { TruthItem } from '../../../core/deploy/mlperf/truthFile'
import { median } from '../../../core/math/median'
import { AppError } from '../../../shared/errors'
import type { MlperfDevice } from './mlperfDevice'

/** Windows of a performance run, each on an input of its own; their median is the result. */
export const mlperfWindows = 5
/** A window is planned this many times as long as requested, so that small variations do not leave it too short. */
const margin = 1.02
/** A window may take this many times its planned length before the device counts as silent. */
const patience = 4

/** What one window of a performance run measured. */
interface PerformanceWindow {
  readonly file: string
  readonly inferences: number
  /** By the device's clock. */
  readonly elapsedUs: number
  /** From the command to the end of its reply by this computer's clock: the serial line's time is in it. */
  readonly hostUs: number
}

/** Result of a performance run. */
export interface PerformanceResult {
  readonly inferencesPerS: number
  /** Of one inference by the device's clock, µs: the median over the windows. */
  readonly latencyUs: number
  /** Device time by this computer's time: the median over the windows. */
  readonly clockRatio: number
  readonly windows: readonly PerformanceWindow[]
}

/**
 * Measures the latency of a device over windows of at least `windowS` seconds by its own clock. A window that ends
 * early is repeated with more inferences: the first inference, which the number is planned from, may be a slow one.
 *
 * @throws board.protocol when the device's clock stands still; board.timeout when it does not reply in time
 */
export async function performanceRun(
  device: Pick<MlperfDevice, 'load' | 'infer'>,
  items: readonly TruthItem[],
  bytesOf: (item: TruthItem) => Promise<Uint8Array>,
  windowS: number
): Promise<PerformanceResult> {
  const measured: PerformanceWindow[] = []
  const planned = (inferences: number, elapsedUs: number): number =>
    Math.ceil((margin * inferences * windowS * 1e6) / Math.max(1, elapsedUs))
  let inferences = 0
  while (measured.length < mlperfWindows) {
    const item = items[measured.length % items.length]
    await device.load(await bytesOf(item))
    if (inferences === 0) inferences = planned(1, (await device.infer(1, 0, 120_000)).elapsedUs)
    const begunMs = performance.now()
    const { elapsedUs } = await device.infer(inferences, 0, 120_000 + windowS * 1000 * patience)
    const hostUs = (performance.now() - begunMs) * 1000
    if (elapsedUs === 0) throw noClock()
    if (elapsedUs < windowS * 1e6) inferences = planned(inferences, elapsedUs)
    else measured.push({ file: item.file, inferences, elapsedUs, hostUs })
  }
  const latencyUs = median(measured.map((window) => window.elapsedUs / window.inferences))
  const clockRatio = median(measured.map((window) => window.elapsedUs / window.hostUs))
  return { inferencesPerS: 1e6 / latencyUs, latencyUs, clockRatio, windows: measured }
}

function noClock(): AppError {
  return new AppError(
    'board.protocol',
    'The clock of the device did not move during the inferences.',
    'Build mlperf.elf with CLOCK_HZ of the board, and check that its cycle counter runs.'
  )
}
