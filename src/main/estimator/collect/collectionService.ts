import { writeWholeFile } from '../../files/replaceFile'
import type { Collection, CollectionRequest } from '../../../shared/contract/estimator/collection'
import type { estimatorContract } from '../../../shared/contract/estimator'
import type { EmitterOf, HandlersOf } from '../../../shared/contract/framework/define'
import type { RunnerChoice } from '../../../shared/contract/workload'
import { AppError } from '../../../shared/errors'
import type { StageSample } from '../../../core/estimator/samples/stageSample'
import type { JobContext, JobService } from '../../jobs/jobService'
import { createRunKeeper, type RunKeeper, type RunKind } from '../../runs/runKeeper'
import type { RunLabels } from '../../runs/runLabels'
import { collect, type StageMeter } from './collect'
import type { CollectionStore } from './collectionStore'

/** What the collections are made from. */
export interface CollectionDeps {
  store: CollectionStore
  labels: RunLabels
  jobs: JobService
  emit: EmitterOf<typeof estimatorContract>
  /** Starts the runner of a collection. */
  openMeter(choice: RunnerChoice, id: string, signal: AbortSignal): Promise<StageMeter>
  /** Finds what the choice names. @throws as a start of the runner would, without starting it */
  checkRunner(choice: RunnerChoice, id: string): Promise<void>
  nowMs: () => number
  newId: () => string
}

type Commands =
  'estimator.collect' | 'estimator.collections' | 'estimator.collection' | 'estimator.exportSamples'

/** Collections of stage times as stored, resumable runs. */
export interface Collections {
  handlers: Pick<HandlersOf<typeof estimatorContract>, Commands>
  runs: RunKind
  /** Samples of a collection, to train on. @throws input.notFound, data.missing */
  samplesOf(id: string): Promise<StageSample[]>
}

/** Returns the collections of a data file. */
export function createCollections(deps: CollectionDeps): Collections {
  const { store, jobs, nowMs, newId } = deps
  const runs = createRunKeeper<Collection>({
    ...{ kind: 'collection', noun: 'collection', jobs, labels: deps.labels, table: store.table },
    describe: (record) => ({
      title: titleOf(record),
      detail: detailOf(record),
      finishedAtMs: record.finishedAtMs,
      model: record.subject?.model ?? null,
      board: record.subject?.deviceName ?? record.subject?.device ?? null,
      dataSet: null
    }),
    begin: (record) => begin({ ...record, state: 'running', finishedAtMs: null, message: null })
  })

  const begin = async (record: Collection): Promise<{ jobId: string }> => {
    const { jobId } = runs.launch(record, {
      ...{ kind: 'estimator.collect', title: titleOf(record), unit: 'configurations' },
      run: (context) => runStored(record, context, deps, runs)
    })
    record.jobId = jobId
    await store.table.save(record)
    return { jobId }
  }
  const samplesOf = async (id: string): Promise<StageSample[]> => {
    const samples = await store.samples(await runs.find(id))
    if (samples.length > 0) return samples
    throw new AppError('data.missing', 'This collection has no samples yet.', 'Resume it on the Runs page.')
  }

  return {
    runs,
    samplesOf,
    handlers: {
      async 'estimator.collect'(request) {
        const id = newId()
        // A wrong path fails the command, not the job.
        await deps.checkRunner(request.runner, id)
        const record = newCollection(id, request, nowMs())
        return { id, ...(await begin(record)) }
      },
      'estimator.collections': async () => ({ collections: (await runs.list()).map(presented) }),
      'estimator.collection': async ({ id }) => {
        const collection = await runs.find(id)
        return { collection: presented(collection), samples: await store.samples(collection) }
      },
      async 'estimator.exportSamples'({ id, file }) {
        const samples = await samplesOf(id)
        await writeWholeFile(file, samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''))
        return { file, samples: samples.length }
      }
    }
  }
}

/** Measures a collection to its end and stores what became of it. */
async function runStored(
  record: Collection,
  { signal, progress }: JobContext,
  deps: CollectionDeps,
  runs: Pick<RunKeeper<Collection>, 'present' | 'ended'>
): Promise<void> {
  const { store, emit, nowMs } = deps
  const announce = (): void => emit('estimator.collected', structuredClone(runs.present(record)))
  const changed = async (): Promise<void> => {
    await store.table.save(record)
    announce()
  }
  try {
    const open = (stop: AbortSignal) => deps.openMeter(record.request.runner, record.id, stop)
    await collect(record, { store, changed, announce, progress, signal, open })
    record.state = 'done'
  } catch (cause) {
    record.state = signal.aborted ? 'cancelled' : 'failed'
    record.message = signal.aborted
      ? 'Cancelled; measured configurations are kept.'
      : AppError.from(cause).message
    throw cause
  } finally {
    record.finishedAtMs = nowMs()
    runs.ended(record.id)
    await changed()
  }
}

const presented = (record: Collection): Collection => structuredClone(record)

function newCollection(id: string, request: CollectionRequest, startedAtMs: number): Collection {
  return {
    ...{ id, request, startedAtMs, jobId: null, state: 'running', finishedAtMs: null },
    ...{ subject: null, offer: null, steps: [], measured: 0, failed: 0, firstFailure: null, message: null }
  }
}

function titleOf({ request: { runner }, subject }: Collection): string {
  const named =
    runner.kind === 'command'
      ? runner.command[0]
      : (runner.model ?? (runner.kind === 'torch' ? runner.entry : undefined))
  return `Stage times of ${subject?.model ?? named ?? 'a network'}`
}

function detailOf({ steps, measured, failed }: Collection): string {
  const refused = failed === 0 ? '' : `, ${failed} refused`
  return `${measured} of ${steps.length} configurations${refused}`
}
