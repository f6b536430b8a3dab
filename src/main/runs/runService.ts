import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { Run, runContract } from '../../shared/contract/run'
import { AppError } from '../../shared/errors'
import type { ImportedRuns } from './importedRuns'
import type { RunFacts, RunKind } from './runKeeper'
import { plainLabel, type RunLabel, type RunLabels } from './runLabels'

/** Runs of all kinds in one list: named, annotated, resumed, deleted and restored the same way. */
export interface RunService {
  handlers: HandlersOf<typeof runContract>
  /** Removes deleted runs for good; called when a window or server closes. */
  purge(): Promise<void>
  /** All runs but deleted ones, newest first. */
  list(): Promise<Run[]>
}

/** What the run service is made from. */
export interface RunServiceDeps {
  labels: RunLabels
  kinds: readonly RunKind[]
  /** Where imported runs came from; absent: none is imported. */
  imported?: ImportedRuns
  /** Machines that runs were made on; absent: all were made here. */
  origins?: () => Promise<ReadonlyMap<string, NonNullable<Run['origin']>>>
  /** Names by id of those of these networks that are known. */
  modelNames?: (ids: ReadonlySet<string>) => Promise<ReadonlyMap<string, string>>
  emit: EmitterOf<typeof runContract>
  nowMs: () => number
}

/** Returns the runs of all kinds as one list. */
export function createRunService(deps: RunServiceDeps): RunService {
  const { labels, kinds, emit, nowMs } = deps

  const find = async (id: string): Promise<Run> => {
    for (const kind of kinds) {
      const facts = await kind.one(id)
      if (facts !== null) return (await labelled(deps, [facts]))[0]
    }
    throw new AppError(
      'input.notFound',
      `There is no run ${id}.`,
      'List the runs; it may have been removed for good.'
    )
  }
  const kindOf = (run: Run): RunKind => kinds.find(({ kind }) => kind === run.kind)!
  const change = async (found: Run, changes: Partial<RunLabel>): Promise<{ run: Run }> => {
    const run = { ...found, ...shownLabel(await labels.change(found.id, changes)) }
    emit('run.changed', run)
    return { run }
  }
  const requireIdle = (run: Run): void => {
    if (kindOf(run).isRunning(run.id)) {
      throw new AppError('run.busy', `"${run.name ?? run.title}" is running.`, 'Cancel it first.')
    }
  }

  return {
    handlers: {
      'run.list': async ({ kinds: wanted, text, withForgotten }) => {
        const chosen = kinds.filter(({ kind }) => wanted.length === 0 || wanted.includes(kind))
        const runs = (await allRuns(deps, chosen)).filter((run) => withForgotten || !run.forgotten)
        return { runs: runs.filter((run) => mentions(run, text)) }
      },
      'run.get': async ({ id }) => ({ run: await find(id) }),
      'run.rename': async ({ id, name }) => change(await find(id), { name: name === '' ? null : name }),
      'run.annotate': async ({ id, notes, tags }) =>
        change(await find(id), {
          ...(notes === undefined ? {} : { notes }),
          ...(tags === undefined ? {} : { tags: [...new Set(tags)] })
        }),
      ...markerHandlers(labels, find),
      'run.resume': async ({ id }) => {
        const run = await find(id)
        requireResumable(run)
        return await kindOf(run).resume(id)
      },
      'run.forget': async ({ id }) => {
        const run = await find(id)
        requireIdle(run)
        return await change(run, { forgottenAtMs: nowMs() })
      },
      'run.restore': async ({ id }) => change(await find(id), { forgottenAtMs: null }),
      'run.remove': async ({ id }) => {
        const run = await find(id)
        if (!run.forgotten) {
          throw new AppError('input.invalid', 'Only a deleted run is removed for good.', 'Delete it first.')
        }
        await kindOf(run).remove(id)
        return { ok: true }
      }
    },
    list: async () => (await allRuns(deps, kinds)).filter((run) => !run.forgotten),
    async purge() {
      for (const run of await allRuns(deps, kinds)) if (run.forgotten) await kindOf(run).remove(run.id)
    }
  }
}

/** Markers on the trace of a run. */
function markerHandlers(
  labels: RunLabels,
  find: (id: string) => Promise<Run>
): Pick<HandlersOf<typeof runContract>, 'run.markers' | 'run.mark'> {
  return {
    'run.markers': async ({ id }) => {
      await find(id)
      return { markers: (await labels.all()).get(id)?.markers ?? [] }
    },
    'run.mark': async ({ id, markers }) => {
      await find(id)
      const sorted = [...markers].sort((a, b) => a.atMs - b.atMs)
      return { markers: (await labels.change(id, { markers: sorted })).markers }
    }
  }
}

/** Runs of these kinds with their labels, newest first. */
async function allRuns(deps: RunServiceDeps, of: readonly RunKind[]): Promise<Run[]> {
  return await labelled(deps, (await Promise.all(of.map((kind) => kind.facts()))).flat())
}

/** These runs with their labels and where they came from, newest first. */
async function labelled({ labels, ...deps }: RunServiceDeps, facts: readonly RunFacts[]): Promise<Run[]> {
  const [known, imported, origins] = await Promise.all([
    labels.all(),
    deps.imported?.all() ?? new Map<string, NonNullable<Run['imported']>>(),
    deps.origins?.() ?? new Map<string, NonNullable<Run['origin']>>()
  ])
  const models = new Set(facts.flatMap(({ model }) => model ?? []))
  const names = (await deps.modelNames?.(models)) ?? new Map<string, string>()
  return facts
    .map((one) => ({
      ...one,
      ...shownLabel(known.get(one.id) ?? plainLabel),
      imported: imported.get(one.id) ?? null,
      origin: origins.get(one.id) ?? null,
      // What began there would go on here, on another GPU.
      resumable: one.resumable && !origins.has(one.id),
      model: one.model === null ? null : (names.get(one.model) ?? one.model)
    }))
    .sort((a, b) => b.startedAtMs - a.startedAtMs)
}

/** @throws job.notResumable for a deleted run and for one of another host */
function requireResumable(run: Run): void {
  if (run.forgotten) throw new AppError('job.notResumable', 'This run was deleted.', 'Restore it first.')
  if (run.origin !== null) {
    throw new AppError(
      'job.notResumable',
      `This run was made on ${run.origin.machine}.`,
      'Start it again there.'
    )
  }
}

/** What a run shows of its label. */
const shownLabel = ({
  name,
  notes,
  tags,
  forgottenAtMs
}: RunLabel): Pick<Run, 'name' | 'notes' | 'tags' | 'forgotten'> => ({
  ...{ name, notes, tags },
  forgotten: forgottenAtMs !== null
})

/** Whether any word field of a run holds the text. */
function mentions({ id, name, title, notes, tags, model, board, dataSet }: Run, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  const fields = [id, name, title, notes, ...tags, model, board, dataSet].map((field) => field ?? '')
  return fields.some((field) => field.toLowerCase().includes(wanted))
}
