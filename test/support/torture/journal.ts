import type { Sample } from '@shared/contract/profile'
import type { CandidateJson } from '@shared/contract/search'
import type { Collection } from '@shared/contract/estimator/collection'
import type { SessionImport } from '@shared/contract/session'
import type { WorkloadRun } from '@shared/contract/workload'
import type { EventMessage } from '@shared/contract/framework/transport'
import type { ServedHost } from '../servedHost'

/** What a host reported to its clients as done: it has to be there after whatever happens, and nothing twice. */
export interface Journal {
  /** Takes over what a host's events announced since the last call. */
  read(host: ServedHost): void
  /** A run was given this name, and the host said so. */
  named(id: string, name: string): void
  /** A run was started, and the host gave out its id. */
  started(id: string): void
  /** Compares with the data file. Every difference is one line. */
  differences(host: ServedHost): Promise<string[]>
  /** How many facts there are. */
  facts(): number
}

interface Mark {
  name: string
  state: string
}

const doneTrials = (run: Pick<WorkloadRun, 'steps'>): number =>
  run.steps.reduce((sum, step) => sum + step.trialsDone, 0)

export function createJournal(): Journal {
  const samples = new Map<string, Sample>()
  const candidates = new Map<string, Map<number, CandidateJson>>()
  const phases = new Map<string, Mark[]>()
  const names = new Map<string, string>()
  const runs = new Set<string>()
  /** Trials of workload runs, and configurations of collections, that were announced as done. */
  const trials = new Map<string, number>()
  const configurations = new Map<string, number>()
  const taken = new WeakMap<ServedHost, number>()

  const take = ({ event, payload }: EventMessage): void => {
    if (event === 'profile.measured') {
      for (const sample of (payload as { samples: Sample[] }).samples) samples.set(sample.id, sample)
    } else if (event === 'search.traced') {
      const { searchId, candidate } = payload as { searchId: string; candidate: CandidateJson }
      const known = candidates.get(searchId) ?? new Map<number, CandidateJson>()
      candidates.set(searchId, known.set(candidate.index, candidate))
    } else if (event === 'gpu.phaseMarked') {
      const { recordingId, ...mark } = payload as { recordingId: string } & Mark
      phases.set(recordingId, [...(phases.get(recordingId) ?? []), mark])
    } else if (event === 'workload.changed') {
      const run = payload as WorkloadRun
      trials.set(run.id, doneTrials(run))
    } else if (event === 'estimator.collected') {
      const { id, measured } = payload as Collection
      configurations.set(id, measured)
    } else if (event === 'session.imported') {
      for (const run of (payload as SessionImport).runs) runs.add(run.id)
    }
  }

  const differingSamples = async (host: ServedHost): Promise<string[]> => {
    const out: string[] = []
    const stored = new Map<string, Sample>()
    for (let offset = 0; ; offset += 5000) {
      const page = (await host.call('profile.samples', { limit: 5000, offset })).samples
      for (const sample of page) {
        if (stored.has(sample.id)) out.push(`Sample ${sample.id} is there twice`)
        stored.set(sample.id, sample)
      }
      if (page.length < 5000) break
    }
    for (const [id, announced] of samples) {
      const kept = stored.get(id)
      if (kept === undefined) out.push(`Sample ${id} was announced and is gone`)
      else if (JSON.stringify(kept) !== JSON.stringify(announced))
        out.push(`Sample ${id} is not what was announced`)
    }
    return out
  }
  const differingSearches = async (host: ServedHost): Promise<string[]> => {
    const out: string[] = []
    for (const [searchId, announced] of candidates) {
      const { search } = await host.call('search.get', { searchId })
      for (const [index, candidate] of announced) {
        if (JSON.stringify(search.trace[index]) !== JSON.stringify(candidate))
          out.push(`Scheme ${index} of search ${searchId} is not what was announced`)
      }
    }
    return out
  }
  const differingRecordings = async (host: ServedHost): Promise<string[]> => {
    const out: string[] = []
    for (const [id, announced] of phases) {
      const stored = (await host.call('gpu.recording', { id })).phases
      const begun = announced.filter(({ state }) => state === 'begin').length
      const ended = announced.filter(({ state }) => state === 'end').length
      if (stored.length < begun) out.push(`Recording ${id} lost a phase: ${stored.length} of ${begun}`)
      if (stored.filter((phase) => phase.ended).length < ended)
        out.push(`Recording ${id} lost the end of a phase`)
    }
    return out
  }
  const differingSteps = async (host: ServedHost): Promise<string[]> => {
    const out: string[] = []
    for (const [id, announced] of trials) {
      const stored = doneTrials((await host.call('workload.get', { id })).run)
      if (stored < announced) out.push(`Workload ${id} lost trials: ${stored} of ${announced}`)
    }
    for (const [id, announced] of configurations) {
      const { collection, samples } = await host.call('estimator.collection', { id })
      if (collection.measured < announced)
        out.push(`Collection ${id} lost configurations: ${collection.measured} of ${announced}`)
      if (samples.length !== collection.measured * collection.request.repetitions)
        out.push(`Collection ${id} has ${samples.length} samples of ${collection.measured} configurations`)
    }
    return out
  }
  const differingRuns = async (host: ServedHost): Promise<string[]> => {
    const stored = (await host.call('run.list', { withForgotten: true })).runs
    const byId = new Map(stored.map((run) => [run.id, run]))
    const out = stored.length === byId.size ? [] : ['A run is listed twice']
    for (const id of runs) if (!byId.has(id)) out.push(`Run ${id} was started and is gone`)
    for (const [id, name] of names)
      if (byId.get(id)?.name !== name) out.push(`Run ${id} is called ${byId.get(id)?.name}, not ${name}`)
    for (const run of stored)
      if (run.state === 'unreadable') out.push(`Run ${run.id} is unreadable: ${run.problem}`)
    return out
  }

  return {
    read(host) {
      for (const message of host.heard.slice(taken.get(host) ?? 0)) take(message)
      taken.set(host, host.heard.length)
    },
    named: (id, name) => void names.set(id, name),
    started: (id) => void runs.add(id),
    facts: () =>
      samples.size +
      names.size +
      runs.size +
      trials.size +
      configurations.size +
      [...candidates.values(), ...phases.values()].length,
    async differences(host) {
      return [
        ...(await differingSamples(host)),
        ...(await differingSearches(host)),
        ...(await differingRecordings(host)),
        ...(await differingSteps(host)),
        ...(await differingRuns(host))
      ]
    }
  }
}
