import type { Run, RunKindName } from '../../shared/contract/run'
import { AppError } from '../../shared/errors'
import { unreadableFacts, type RunFacts, type RunKind } from './runKeeper'
import type { RunLabels } from './runLabels'

/** Runs that another noun stores and that are not resumed here: recordings, proxies, estimators. */
export function createKeptKind(options: {
  kind: RunKindName
  /** In sentences: "recording". */
  noun: string
  labels: RunLabels
  /** All of them, deleted ones too. */
  facts(): Promise<Omit<RunFacts, 'kind' | 'jobId' | 'resumable' | 'problem'>[]>
  /** Rows that no longer fit; absent: the noun shows them itself. */
  unreadable?(): Promise<Pick<Run, 'id' | 'startedAtMs' | 'problem'>[]>
  remove(id: string): Promise<void>
}): RunKind {
  const { kind, noun, labels, unreadable, remove } = options
  const running = new Set<string>()
  const facts = async (): Promise<RunFacts[]> => {
    const [all, bad] = await Promise.all([options.facts(), unreadable?.() ?? []])
    running.clear()
    for (const { id, state } of all) if (state === 'running') running.add(id)
    return [
      ...all.map((one) => ({ ...one, kind, jobId: null, resumable: false, problem: null })),
      ...bad.map((row) => unreadableFacts(kind, noun, row))
    ]
  }
  return {
    ...{ kind, facts },
    one: async (id) => (await facts()).find((run) => run.id === id) ?? null,
    isRunning: (id) => running.has(id),
    resume() {
      return Promise.reject(
        new AppError('job.notResumable', `A ${noun} is not resumed.`, 'Start a new one on its page.')
      )
    },
    async remove(id) {
      await remove(id)
      await labels.drop(id)
    }
  }
}

/** A list without what was deleted and can be restored. */
export const withoutForgotten =
  <R extends { id: string }>(labels: RunLabels, list: () => Promise<R[]>) =>
  async (): Promise<R[]> => {
    const [all, hidden] = await Promise.all([list(), labels.forgotten()])
    return all.filter(({ id }) => !hidden.has(id))
  }
