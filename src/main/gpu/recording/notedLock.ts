import type { ClockLock } from '../../../shared/contract/gpu'
import type { GpuStore } from '../store/gpuStore'
import type { Evidence } from './recordingEvidence'
import { newRecording, type RecordRequest } from './recordRequest'

type NoteStore = Pick<GpuStore, 'save' | 'recording' | 'delete'>

const unread = {
  state: 'unavailable' as const,
  reason: 'The recording ended before its first reading.',
  source: null
}

/**
 * Stores a recording without readings before its clocks are locked: a process that is killed from then on leaves a row by which
 * the next recording gives the clocks back (leftClocks.ts).
 */
export async function noteLock(
  store: NoteStore,
  request: RecordRequest,
  startedAtMs: number,
  clockLock: ClockLock
): Promise<void> {
  const none = request.gpus.map(() => null)
  await store.save(
    newRecording(request, startedAtMs, none, {
      ...{ counter: unread, cpuCounter: unread, strangers: [], strangersUnknown: null },
      ...{ clockLock, migGpus: [], powerLimitsW: none }
    })
  )
}

/**
 * Takes the note back where the recording ended before it was stored itself; one whose clocks could not be given back stays,
 * as failed.
 */
export async function settleNote(
  store: NoteStore,
  id: string,
  evidence: Evidence | undefined
): Promise<void> {
  const noted = await store.recording(id)
  if (noted.state !== 'running') return
  const clockLock = evidence?.fields().clockLock ?? null
  if (clockLock === null || clockLock.restored) await store.delete(id)
  else await store.save({ ...noted, clockLock, state: 'failed', message: clockLock.message })
}
