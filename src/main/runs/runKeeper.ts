import type { Run, RunKindName, StoredRunState } from '../../shared/contract/run'
import { AppError } from '../../shared/errors'
import type { JobService, JobSpec } from '../jobs/jobService'
import type { StoredRecord } from '../store/recordTable'
import type { RunLabels } from './runLabels'

/** What every stored run has. */
export interface RunRecord {
  id: string
  jobId: string | null
  state: StoredRunState
  startedAtMs: number
}

/** What a run is and what came out of it, in words. */
export type RunDescription = Pick<Run, 'title' | 'detail' | 'finishedAtMs'> & Partial<RunSubject>

/** What a run is about; `model` may be the id of a known network, whose name is shown then. */
export type RunSubject = Pick<Run, 'model' | 'board' | 'dataSet'>

/** A run that is about nothing that is named. */
export const noSubject: RunSubject = { model: null, board: null, dataSet: null }

/** A run of any kind as the list over all kinds needs it. */
export type RunFacts = Omit<Run, 'name' | 'notes' | 'tags' | 'forgotten' | 'imported' | 'origin'>

/** A run whose row no longer fits: listed with its problem, and can be deleted. */
export function unreadableFacts(
  kind: RunKindName,
  noun: string,
  row: Pick<Run, 'id' | 'startedAtMs' | 'problem'>
): RunFacts {
  return {
    ...{ ...row, kind, state: 'unreadable', title: `Unreadable ${noun}`, detail: '', finishedAtMs: null },
    ...{ ...noSubject, jobId: null, resumable: false }
  }
}

/** One kind of run; the run service knows no more of it. */
export interface RunKind {
  readonly kind: RunKindName
  /** All stored runs, deleted and unreadable ones too, newest first. */
  facts(): Promise<RunFacts[]>
  /** The stored run with this id as `facts` has it, without reading the others where that can be; null: none of this kind. */
  one(id: string): Promise<RunFacts | null>
  /** @throws job.notResumable, and what starting throws */
  resume(id: string): Promise<{ jobId: string }>
  isRunning(id: string): boolean
  /** Removes the stored run for good. */
  remove(id: string): Promise<void>
}

/** How runs of one kind are stored, described and started again. */
export interface RunKeeperOptions<R extends RunRecord> {
  kind: RunKindName
  /** In sentences: "campaign", "search". */
  noun: string
  jobs: JobService
  labels: RunLabels
  table: {
    list(limit?: number): Promise<StoredRecord<R>[]>
    get(id: string): Promise<R | null>
    remove(id: string): Promise<void>
  }
  describe(record: R): RunDescription
  /** Starts the job of a stored run again; `running` and `done` ones never get here. */
  begin(record: R): Promise<{ jobId: string }>
}

/** Stored, resumable runs of one kind: which run now, what was interrupted, resume, forget. */
export interface RunKeeper<R extends RunRecord> extends RunKind {
  /** The record as it stands: running in the file but not in this process means interrupted. */
  present(record: R): R
  /** Readable runs that were not deleted, newest first. */
  list(): Promise<R[]>
  /** @throws input.notFound, store.corrupt */
  find(id: string): Promise<R>
  /** Starts the job of a run that is stored already; a run keeps one job at a time. */
  launch(record: R, spec: Omit<JobSpec<unknown>, 'resume'>): { jobId: string }
  /** Marks the end before the job itself ends, so that the last event shows no job. */
  ended(id: string): void
  /** Deletes: hidden from lists until it is restored, or removed when Bitbench closes. @throws run.busy */
  forget(id: string, nowMs: number): Promise<void>
}

/** Runs of one kind that the list over all kinds shows. */
const maxListed = 5000

/** Keeps the stored runs of one kind: which run now, which were interrupted, resume and delete. */
export function createRunKeeper<R extends RunRecord>(options: RunKeeperOptions<R>): RunKeeper<R> {
  const { kind, noun, jobs, labels, table, describe, begin } = options
  const running = new Map<string, { jobId: string; record: R }>()

  const present = (record: R): R => {
    const jobId = running.get(record.id)?.jobId ?? null
    if (record.state !== 'running') return { ...record, jobId: jobId ?? record.jobId }
    return { ...record, jobId, state: jobId === null ? 'interrupted' : 'running' }
  }
  const newest = (record: R): R => present(running.get(record.id)?.record ?? record)
  const find = async (id: string): Promise<R> => {
    const record = running.get(id)?.record ?? (await table.get(id))
    if (record !== null) return present(record)
    throw new AppError(
      'input.notFound',
      `There is no ${noun} ${id}.`,
      'Refresh the list (`bitbench run list`), and give the whole id; it may have been deleted.'
    )
  }
  const resume = joinedById(async (id) => {
    const active = running.get(id)
    if (active !== undefined) return { jobId: active.jobId }
    const record = await find(id)
    if (record.state === 'done')
      throw new AppError('job.notResumable', `This ${noun} is ${record.state}.`, 'Start a new one.')
    return await begin(record)
  })
  const factsOf = (stored: StoredRecord<R>): RunFacts => {
    const { id, startedAtMs } = stored
    if (stored.record === null) {
      return unreadableFacts(kind, noun, { id, startedAtMs, problem: stored.problem })
    }
    const record = newest(stored.record)
    const resumable = record.state !== 'running' && record.state !== 'done'
    const { state, jobId } = record
    const described = { ...noSubject, ...describe(record) }
    return { id, kind, startedAtMs, state, jobId, resumable, problem: null, ...described }
  }
  const requireIdle = (id: string): void => {
    if (running.has(id)) throw new AppError('run.busy', `This ${noun} is running.`, 'Cancel it first.')
  }

  return {
    kind,
    present,
    find,
    resume,
    isRunning: (id) => running.has(id),
    ended: (id) => void running.delete(id),
    facts: async () => (await table.list(maxListed)).map(factsOf),
    one: async (id) => {
      const stored = await storedRow(table, id)
      return stored && factsOf(stored)
    },
    list: async () => (await visibleRecords(table, labels)).map(newest),
    launch(record, spec) {
      const ended = (): void => void running.delete(record.id)
      const run: typeof spec.run = (context) => spec.run(context).finally(ended)
      const { jobId } = jobs.launch({ ...spec, resume: () => resume(record.id), run })
      running.set(record.id, { jobId, record })
      return { jobId }
    },
    async forget(id, nowMs) {
      requireIdle(id)
      await labels.change(id, { forgottenAtMs: nowMs })
    },
    async remove(id) {
      requireIdle(id)
      await table.remove(id)
      await labels.drop(id)
    }
  }
}

/** The row with this id, also one that no longer fits; null: there is none. */
async function storedRow<R extends RunRecord>(
  table: RunKeeperOptions<R>['table'],
  id: string
): Promise<StoredRecord<R> | null> {
  try {
    const record = await table.get(id)
    return record && { id, startedAtMs: record.startedAtMs, record, problem: null }
  } catch (error) {
    if (AppError.from(error).code !== 'store.corrupt') throw error
    return (await table.list(maxListed)).find((row) => row.id === id) ?? null
  }
}

/** Readable records that were not deleted. */
async function visibleRecords<R extends RunRecord>(
  table: RunKeeperOptions<R>['table'],
  labels: RunLabels
): Promise<R[]> {
  const hidden = await labels.forgotten()
  const readable = (await table.list()).flatMap(({ record }) => (record === null ? [] : [record]))
  return readable.filter(({ id }) => !hidden.has(id))
}

/** Calls under way by id: a second call for the same id joins the first. */
function joinedById<T>(work: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const under = new Map<string, Promise<T>>()
  return (id) => {
    const started = under.get(id) ?? work(id).finally(() => under.delete(id))
    under.set(id, started)
    return started
  }
}
