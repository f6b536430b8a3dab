import type { SessionEnergy } from '../../../shared/contract/workload/workloadEvidence'
import { AppError } from '../../../shared/errors'
import type { EnergyOf } from './powerSource'
import type { WorkloadRecord } from '../workloadRecord'

/** Trials between two looks at the energy of a running session, and looks in one session at most. */
const minTrialsBetween = 5
const maxLooks = 20

/** Adds the energy of a finished recording to the evidence; one that cannot be analysed is a note, never a failure. */
export async function keepEnergy(
  { evidence }: WorkloadRecord,
  recordingId: string,
  { energyOf }: { readonly energyOf: EnergyOf }
): Promise<void> {
  const known = evidence.energies.find((session) => session.recordingId === recordingId)
  if (known !== undefined && !known.provisional) return
  try {
    replace(evidence.energies, await energyOf(recordingId))
  } catch (cause) {
    const note = `Recording ${recordingId} gave no energy: ${AppError.from(cause).message}`
    if (!evidence.notes.includes(note)) evidence.notes.push(note)
  }
}

/**
 * Returns what is called after every timed trial: now and then the energy so far is put into the evidence, so that the
 * tables carry joules while the run goes on. It looks between phases, and no more than 20 times, for every look reads
 * the whole recording.
 */
export function energyAsItComes(
  { evidence, steps }: WorkloadRecord,
  recordingId: string | undefined,
  { energySoFar }: { readonly energySoFar: EnergyOf }
): () => Promise<void> {
  if (recordingId === undefined) return async () => undefined
  const timed = steps.filter(({ kind }) => kind !== 'predictions')
  const trials = timed.reduce((sum, { trials: wanted, trialsDone }) => sum + wanted - trialsDone, 0)
  const between = Math.max(minTrialsBetween, Math.ceil(trials / maxLooks))
  let since = 0
  return async () => {
    if (++since < between) return
    since = 0
    const session = await energySoFar(recordingId).catch(() => null)
    if (session !== null) replace(evidence.energies, session)
  }
}

function replace(energies: SessionEnergy[], session: SessionEnergy): void {
  const at = energies.findIndex(({ recordingId }) => recordingId === session.recordingId)
  if (at < 0) energies.push(session)
  else energies[at] = session
}
