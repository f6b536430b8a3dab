import { gapAfterMsOf, type ReadingSpan } from '../../core/energy/powerTrace'
import { createPowerStretch } from '../../core/energy/powerStretch'
import { believedLimitOf } from '../../core/energy/sensorModel'
import { powerMetricOf } from '../../core/gpu/metrics'
import type { PowerStretch } from '../../shared/contract/energy'
import { AppError } from '../../shared/errors'
import type { RecordingSource } from './recordingSource'

/**
 * Power over a stretch of one GPU of a recording, read in pieces: only the stretch and what joins into it.
 *
 * @throws input.invalid for an empty stretch or a GPU that the recording does not have; energy.noRecording
 */
export async function stretchReadings(
  source: RecordingSource,
  recordingId: string,
  { gpuIndex, fromMs, toMs }: ReadingSpan
): Promise<PowerStretch> {
  if (!(fromMs < toMs)) {
    throw new AppError('input.invalid', 'This stretch is empty.', 'Its end has to be after its beginning.')
  }
  const recording = await source.recording(recordingId)
  const at = recording.gpus.findIndex(({ index }) => index === gpuIndex)
  if (at < 0) {
    const known = recording.gpus.map(({ index }) => index).join(', ')
    throw new AppError('input.invalid', `The recording has no GPU ${gpuIndex}.`, `It has: ${known}.`)
  }
  const powerField = recording.powerFields[at] ?? null
  const gapAfterMs = gapAfterMsOf(recording.intervalMs)
  const frame = {
    ...{ fromMs, toMs, gapAfterMs },
    gaps: await source.gaps(recordingId),
    powerLimitW: believedLimitOf(powerField, recording.powerLimitsW[at] ?? null)
  }
  let stretch = createPowerStretch(frame)
  const read = { gpuIndex, fromMs: fromMs - gapAfterMs, toMs: toMs + gapAfterMs }
  await source.readingsWithin(recordingId, powerMetricOf(powerField), read, () => {
    stretch = createPowerStretch(frame)
    return ([tMs, powerW]) => stretch.add(tMs, powerW)
  })
  return stretch.finish()
}
