import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Run } from '../../shared/contract/run'
import type { SharedOutcome, SharedWhat } from '../../shared/contract/shared'
import { AppError } from '../../shared/errors'
import { openPublication, resultDays, type PublishDeps, type PublishTarget } from './publication'
import { partitionOf, sharedSessions, sharedTableNames } from './sharedTables'

/** Progress and cancel of a publication. */
export interface PublishContext {
  readonly signal: AbortSignal
  progress(done: number, total: number, note: string): void
}

/**
 * Writes what is new of this host into the folder: each file whole or not at all, a file whose content lies there
 * already not again. A run is listed once its files are there. Killed in the middle, the next publication goes on.
 *
 * @throws input.notFound (a run that is not here), store.exportFailed (a full disk), job.cancelled
 */
export async function publishShared(
  deps: PublishDeps,
  target: PublishTarget,
  request: { what: readonly SharedWhat[]; runIds: readonly string[] },
  context: PublishContext
): Promise<SharedOutcome> {
  const runs = chosenRuns(await deps.ownRuns(), request.runIds)
  await removeUnfinished(target)
  const publication = await openPublication(deps, target, new Set(request.what))
  const contents = await deps.contentOf(runs.map(({ id }) => id))
  const days = request.what.includes('results') ? await resultDays(deps.store) : []
  const total = runs.length + days.length
  let done = 0
  const step = (note: string): void => {
    if (context.signal.aborted)
      throw new AppError('job.cancelled', 'Publishing was cancelled.', 'Publish again: it goes on.')
    context.progress(done++, total, note)
  }
  for (const run of runs) {
    step(run.name ?? run.title)
    await publication.run(run, contents.get(run.id) ?? '')
  }
  for (const day of days) {
    step(`results of ${day.day}`)
    await publication.results(day)
  }
  await publication.list()
  context.progress(total, total, '')
  return publication.outcome
}

/** Takes runs of this host out of the folder; returns how many were in it. */
export async function withdrawShared(
  deps: Pick<PublishDeps, 'store' | 'shared' | 'nowMs'>,
  target: PublishTarget,
  runIds: readonly string[]
): Promise<number> {
  const { shared } = deps
  const chosen = (await shared.runs(target.folder)).filter(({ id }) => runIds.includes(id))
  for (const { id } of chosen) await shared.forgetRun(target.folder, id)
  const parts = await shared.parts(target.folder)
  // The list first: what is listed is there.
  await (await openPublication({ ...deps, ...noRuns }, target, new Set())).list()
  for (const { id, session } of chosen)
    for (const key of [session?.file, `samples/${id}.parquet`, `readings/${id}.parquet`]) {
      if (key === undefined || !parts.has(key)) continue
      const [table = '', name = ''] = key.split('/')
      await rm(path.join(target.folder, table, partitionOf(target.host), name), { force: true })
      await shared.forgetPart(target.folder, key)
    }
  return chosen.length
}

const noRuns = {
  ownRuns: async () => [],
  contentOf: async () => new Map<string, string>(),
  exportRun: async () => undefined
}

function chosenRuns(own: readonly Run[], ids: readonly string[]): Run[] {
  const ended = own.filter(({ state }) => state !== 'running' && state !== 'unreadable')
  if (ids.length === 0) return ended
  return ids.map((id) => {
    const run = ended.find((one) => one.id === id)
    if (run !== undefined) return run
    throw new AppError(
      'input.notFound',
      `There is no run ${id} that can be published.`,
      'It must have ended and have been made here; "bitbench run list" shows the runs.'
    )
  })
}

/** What a publication that was killed left half written; only this host's own folders. */
async function removeUnfinished({ folder, host }: PublishTarget): Promise<void> {
  for (const table of [...sharedTableNames, sharedSessions]) {
    const own = path.join(folder, table, partitionOf(host))
    await mkdir(own, { recursive: true }).catch((cause: unknown) => {
      throw new AppError(
        'store.exportFailed',
        `The folder ${own} could not be made.`,
        'Check that the shared folder can be written, and that its disk is not full.',
        { cause }
      )
    })
    for (const name of await readdir(own))
      if (/^\..+\.[0-9a-f]{12}\.unfinished$/.test(name)) await rm(path.join(own, name), { force: true })
  }
}
