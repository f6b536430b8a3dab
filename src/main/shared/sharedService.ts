import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { SessionImport } from '../../shared/contract/session'
import type { sharedContract, SharedOutcome, SharedStatus } from '../../shared/contract/shared'
import { AppError } from '../../shared/errors'
import { createTurns } from '../../shared/turns'
import type { JobService } from '../jobs/jobService'
import { createForeignResults, type ForeignKey } from './foreignResults'
import type { PublishDeps, PublishTarget } from './publication'
import { publishShared, withdrawShared } from './publishShared'
import { hostsOf, plainHostName, versionOf } from './sharedHosts'
import { installHttpfs } from './sharedBucket'
import { listSharedRuns, withSharedSession } from './sharedRuns'
import { isBucket, readSharedSettings, writeSharedSettings, type SharedSettings } from './sharedSettings'
import { sharedHostName } from './sharedTables'
import { openSharedViews, type SharedViews } from './sharedViews'

/** A folder in which hosts publish, read and written by this one. */
export interface SharedService {
  readonly handlers: HandlersOf<typeof sharedContract>
  /** A result of another host; null where there is none, the folder is not read in time, or it is not wanted. */
  findResult(key: ForeignKey): Promise<{ host: string; judged: string; atMs: number } | null>
  /** Counts a result that was used. */
  reused(): void
  close(): Promise<void>
}

/** What the service is made from. */
export interface SharedServiceDeps extends PublishDeps {
  jobs: JobService
  emit: EmitterOf<typeof sharedContract>
  dataFolder: string
  scratchFolder: string
  /** Name of this machine. */
  hostName: string
  version: string
  /** Most that close() waits, ms; without it, 5 s. */
  closeWaitMs?: number
  /** Kind of processor, by which results differ. */
  arithmetic(): Promise<string>
  /** Random name of this data folder. */
  origin(): Promise<string>
  importSession(file: string): Promise<SessionImport>
  /** Ids of the runs in a session file, in the order in which an import names them. */
  sessionRuns(file: string): Promise<string[]>
  /** Ids of the runs that are listed here. */
  presentIds(): Promise<ReadonlySet<string>>
  /** Marks a run that was taken over with the host that made it and the version there. */
  markOrigin(runId: string, host: string, version: string): Promise<void>
}

/** What is waited for publications and for a folder that is being opened when the program ends, ms. */
const closeWaitMs = 5_000
/** Outcomes of publications that are remembered. */
const maxOutcomes = 50

/** Nothing is read before a folder is named. */
export function createSharedService(deps: SharedServiceDeps): SharedService {
  return new Shared(deps)
}

class Shared implements SharedService {
  private opened: { folder: string; views: Promise<SharedViews> } | null = null
  private readonly outcomes = new Map<string, SharedOutcome>()
  /** Publications and withdrawals, one after the other. */
  private readonly turns = createTurns()
  private used = 0
  readonly findResult: SharedService['findResult']

  readonly handlers: HandlersOf<typeof sharedContract> = {
    'shared.status': () => this.status(),
    'shared.use': (input) => this.use(input),
    'shared.forget': async () => {
      await writeSharedSettings(this.deps.dataFolder, null)
      await this.leave()
      this.deps.emit('shared.changed', {})
      return await this.status()
    },
    'shared.publish': (request) => this.publish(request),
    'shared.outcome': async ({ jobId }) => {
      const found = this.outcomes.get(jobId)
      if (found !== undefined) return found
      throw new AppError('job.notFound', `There is no publication ${jobId} that has ended.`, 'Publish again.')
    },
    'shared.withdraw': async ({ runIds }) => {
      const target = await this.target()
      const withdrawn = await this.turns.take(() => withdrawShared(this.deps, target, runIds))
      this.deps.emit('shared.changed', {})
      return { withdrawn }
    },
    'shared.runs': async (filter) => {
      const { views, self } = await this.reading()
      await views.refresh()
      return await listSharedRuns(views, self, filter, await this.presentTaken())
    },
    'shared.take': ({ host, ids }) => this.take(host, ids),
    'shared.query': async ({ sql, limit }, { signal }) => {
      const { views } = await this.reading()
      await views.refresh()
      return await views.query(sql, { limit, signal })
    }
  }

  constructor(private readonly deps: SharedServiceDeps) {
    this.findResult = createForeignResults({
      views: async () => {
        const settings = await readSharedSettings(deps.dataFolder)
        return settings?.reuse === true ? await this.reading() : null
      },
      arithmetic: () => deps.arithmetic(),
      nowMs: () => deps.nowMs()
    })
  }

  readonly reused = (): void => {
    this.used++
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    // A network drive that hangs must not keep the program from ending.
    const late = new Promise<void>(
      (resolve) => (timer = setTimeout(resolve, this.deps.closeWaitMs ?? closeWaitMs))
    )
    await Promise.race([this.turns.ended().then(() => this.leave()), late])
    clearTimeout(timer)
  }

  private async settings(): Promise<SharedSettings> {
    const settings = await readSharedSettings(this.deps.dataFolder)
    if (settings !== null) return settings
    throw new AppError(
      'input.notFound',
      'No shared folder is named.',
      'Name it with "bitbench shared use FOLDER", or on the page Workers.'
    )
  }

  private async reading(): Promise<{ views: SharedViews; self: string; folder: string }> {
    const { folder, name } = await this.settings()
    if (this.opened?.folder !== folder) await this.leave()
    if (this.opened === null) {
      const views = openSharedViews(folder)
      const opened = { folder, views }
      this.opened = opened
      // A drive that is not there now may come back.
      views.catch(() => {
        if (this.opened === opened) this.opened = null
      })
    }
    return { views: await this.opened.views, self: sharedHostName(name, await this.deps.origin()), folder }
  }

  private async leave(): Promise<void> {
    const left = this.opened
    this.opened = null
    ;(await left?.views.catch(() => null))?.close()
  }

  private async use(input: {
    folder: string
    name: string | null
    reuse: boolean
    install: boolean
  }): Promise<SharedStatus> {
    const { dataFolder, hostName } = this.deps
    const folder = isBucket(input.folder) ? input.folder : path.resolve(input.folder)
    if (isBucket(folder) && input.install) await installHttpfs()
    const before = await readSharedSettings(dataFolder).catch(() => null)
    const isSame = before?.folder === folder
    // What was read of a folder before is not read again for another setting.
    if (isSame) await (await this.reading()).views.refresh()
    else await lookInto(folder)
    const names = await this.namesIn(folder)
    const kept = isSame ? before.name : (names[0] ?? null)
    const name = input.name ?? kept ?? plainHostName(hostName)
    const [known] = names
    if (known !== undefined && !names.includes(name)) throw otherName(folder, known, name)
    await writeSharedSettings(dataFolder, { folder, name, reuse: input.reuse })
    if (!isSame) await this.leave()
    this.deps.emit('shared.changed', {})
    return await this.status()
  }

  /** Names under which this data folder published there: a machine that was renamed is no second host. */
  private async namesIn(folder: string): Promise<string[]> {
    const ending = `-${(await this.deps.origin()).slice(0, 8)}`
    const names = await readdir(path.join(folder, 'hosts')).catch(() => [])
    return names
      .filter((name) => name.startsWith('host=') && name.endsWith(ending))
      .map((name) => name.slice('host='.length, -ending.length))
      .sort()
  }

  private async target(): Promise<PublishTarget> {
    const { folder, name } = await this.settings()
    if (isBucket(folder))
      throw new AppError(
        'input.unsupported',
        `${folder} is read only: Bitbench publishes into folders.`,
        'Name a local folder, publish into it, and let a tool of the bucket copy it there (aws s3 sync).'
      )
    // Without this look, a drive that is not mounted would get a folder of its name on the disk below.
    await (await this.reading()).views.refresh()
    const origin = await this.deps.origin()
    return {
      ...{ folder, origin, host: sharedHostName(name, origin), hostName: name },
      ...{ arithmetic: await this.deps.arithmetic(), version: this.deps.version }
    }
  }

  private async publish(request: Parameters<typeof publishShared>[2]): Promise<{ jobId: string }> {
    const target = await this.target()
    return this.deps.jobs.launch({
      ...{ kind: 'shared.publish', title: `Publish to ${target.folder}`, unit: 'parts' },
      run: async (context) => {
        const outcome = await this.turns.take(() => publishShared(this.deps, target, request, context))
        this.outcomes.set(context.id, outcome)
        for (const old of [...this.outcomes.keys()].slice(0, -maxOutcomes)) this.outcomes.delete(old)
        this.deps.emit('shared.changed', {})
      }
    })
  }

  /** Runs that were taken over and are still here. */
  private async presentTaken() {
    const [taken, present] = await Promise.all([this.deps.shared.taken(), this.deps.presentIds()])
    return taken.filter(({ runId }) => present.has(runId))
  }

  private async take(host: string, ids: readonly string[]): Promise<SessionImport> {
    const { views, folder } = await this.reading()
    if (isBucket(folder))
      throw new AppError(
        'input.unsupported',
        'Runs are taken over from folders only.',
        'Copy the session file out of the bucket and open it: bitbench session import FILE.'
      )
    await views.refresh()
    const version = await versionOf(views, host)
    const all: SessionImport = { runs: [], models: [], notes: [] }
    for (const id of ids) {
      const source = { folder, scratchFolder: this.deps.scratchFolder }
      const found = await withSharedSession(views, source, { host, id }, (file) =>
        this.adopt({ host, version }, file)
      )
      all.runs.push(...found.runs)
      all.models.push(...found.models)
      all.notes.push(...found.notes.filter((note) => !all.notes.includes(note)))
    }
    this.deps.emit('shared.changed', {})
    return all
  }

  private async adopt(from: { host: string; version: string }, file: string): Promise<SessionImport> {
    const { shared, importSession, sessionRuns, markOrigin, ownRuns } = this.deps
    const { host, version } = from
    const own = new Set((await ownRuns()).map(({ id }) => id))
    const originals = await sessionRuns(file)
    const imported = await importSession(file)
    for (const [index, { id, state }] of imported.runs.entries()) {
      // A run that was made here stays this host's own, whoever else publishes it.
      if (state === 'alreadyHere' && own.has(id)) continue
      // First: without this, a run that is marked with its host would be published as one of this owner.
      await shared.saveTaken({ runId: id, host, originalId: originals[index] ?? id })
      if (state !== 'alreadyHere') await markOrigin(id, host, version)
    }
    return imported
  }

  private async status(): Promise<SharedStatus> {
    const settings = await readSharedSettings(this.deps.dataFolder)
    const none = { problem: null, hosts: [], leftOut: [], reused: this.used }
    if (settings === null) return { ...none, folder: null, name: null, reuse: false, canPublish: false }
    const { folder, name, reuse } = settings
    const about = { folder, name, reuse, canPublish: !isBucket(folder) }
    try {
      const { views, self } = await this.reading()
      await views.refresh()
      return { ...none, ...about, hosts: await hostsOf(views, self), leftOut: views.leftOut.slice(0, 200) }
    } catch (reason) {
      return { ...none, ...about, problem: AppError.from(reason).toJSON() }
    }
  }
}

/** @throws AppError of a folder that cannot be read */
async function lookInto(folder: string): Promise<void> {
  const views = await openSharedViews(folder)
  try {
    await views.refresh()
  } finally {
    views.close()
  }
}

const otherName = (folder: string, known: string, name: string): AppError =>
  new AppError(
    'input.invalid',
    `This host published in ${folder} as ${known}; as ${name} its runs would be there twice.`,
    `Go on as ${known}. To be renamed, remove the folders "host=${known}-…" of this host from hosts, runs, samples, readings, results and sessions there; then name it again and publish.`
  )
