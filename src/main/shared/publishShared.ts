import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
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

/** Takes runs of this host out of the folder, also those that a killed publication left unlisted; returns how many. */
export async function withdrawShared(
  deps: Pick<PublishDeps, 'store' | 'shared' | 'nowMs'>,
  target: PublishTarget,
  runIds: readonly string[]
): Promise<number> {
  const { shared } = deps
  const wanted = new Set(runIds)
  const listed = (await shared.runs(target.folder)).filter(({ id }) => wanted.has(id))
  for (const { id } of listed) await shared.forgetRun(target.folder, id)
  // The list first: what is listed is there.
  await (await openPublication({ ...deps, ...noRuns }, target, new Set())).list()
  const keys = new Set([...(await filesOfRuns(target)), ...(await shared.parts(target.folder)).keys()])
  const chosen = [...keys].filter((key) => {
    const run = runOf(key)
    return run !== null && wanted.has(run)
  })
  for (const key of chosen) {
    const [table = '', name = ''] = key.split('/')
    await rm(path.join(target.folder, table, partitionOf(target.host), name), { force: true })
    await shared.forgetPart(target.folder, key)
  }
  return new Set([...listed.map(({ id }) => id), ...chosen.map(runOf)]).size
}

/** Files of single runs in this host's folders, as TABLE/NAME. */
async function filesOfRuns({ folder, host }: PublishTarget): Promise<string[]> {
  const found: string[] = []
  for (const table of ['samples', 'readings', sharedSessions]) {
    const own = path.join(folder, table, partitionOf(host))
    if (!(await isMissingOrFolder(own))) throw linkedFolder(own)
    found.push(...(await readdir(own).catch(() => [])).map((name) => `${table}/${name}`))
  }
  return found
}

/** The run that a file TABLE/NAME is of; null where it is of none or of many. */
const runOf = (key: string): string | null =>
  /^(?:samples|readings)\/(.+)\.parquet$/.exec(key)?.[1] ??
  /^sessions\/(.+)-[0-9a-f]{12}\.bbsession$/.exec(key)?.[1] ??
  null

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
    for (const one of [path.join(folder, table), own])
      if (!(await isMissingOrFolder(one))) throw linkedFolder(one)
    for (const name of await readdir(own))
      if (/^\..+\.[0-9a-f]{12}\.unfinished$/.test(name)) await rm(path.join(own, name), { force: true })
  }
}

const isMissingOrFolder = (one: string): Promise<boolean> =>
  lstat(one).then(
    (found) => found.isDirectory(),
    () => true
  )

/** Whoever can write in the folder could lead what is written and removed elsewhere. */
const linkedFolder = (one: string): AppError =>
  new AppError(
    'store.exportFailed',
    `${one} is a link or no folder, and nothing is written there.`,
    'Remove it, or name a folder that only people you trust can write.'
  )
