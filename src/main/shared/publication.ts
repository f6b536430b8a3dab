import { trainingMethods } from '../../shared/vocabulary'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Run } from '../../shared/contract/run'
import type { SharedOutcome, SharedWhat } from '../../shared/contract/shared'
import { AppError } from '../../shared/errors'
import type { SqlValue, Store } from '../store/store'
import type { PublishedRun, SharedStore } from './sharedStore'
import { partitionOf, publishedColumns, sharedSessions, sharedTables } from './sharedTables'

/** What publishing needs of other nouns. */
export interface PublishDeps {
  store: Pick<Store, 'read' | 'exportQuery'>
  shared: SharedStore
  /** Runs that were made by this owner and can be read, newest first. */
  ownRuns(): Promise<Run[]>
  /** A hash over all rows of each run, by id. */
  contentOf(ids: readonly string[]): Promise<Map<string, string>>
  /** Writes the session file of one run. */
  exportRun(id: string, title: string, file: string): Promise<void>
  nowMs(): number
}

/** Where and as whom. */
export interface PublishTarget {
  readonly folder: string
  /** Name of this host's folders. */
  readonly host: string
  /** Name in front of the origin in `host`, the random name of this data folder, and the kind of processor. */
  readonly hostName: string
  readonly origin: string
  readonly arithmetic: string
  readonly version: string
}

/** Results that were made here, by day. */
export interface ResultDay {
  readonly day: string
  readonly content: string
}

/** Only integer and float results are the same on another machine; retrained ones are not. */
const sharedResult = `shared_from IS NULL AND (scheme = 'float' OR method NOT IN (${trainingMethods.map((name) => `'${name}'`).join(', ')}))`
const dayOf = `strftime(make_timestamp(t.at_ms * 1000), '%Y-%m-%d')`

/** The days of these results, each with what changes when one of them does. */
export async function resultDays(store: Pick<Store, 'read'>): Promise<ResultDay[]> {
  return await store.read<{ day: string; content: string }>(
    `SELECT ${dayOf} AS day, count(*)::VARCHAR || '-' || bit_xor(hash(t))::VARCHAR AS content
     FROM result t WHERE ${sharedResult} GROUP BY 1 ORDER BY 1`
  )
}

/** Writes the files of one publication and counts them. */
export class Publication {
  readonly outcome: SharedOutcome = { written: 0, unchanged: 0, rows: 0, sizeBytes: 0, notes: [] }

  constructor(
    private readonly deps: PublishDeps,
    private readonly target: PublishTarget,
    private readonly what: ReadonlySet<SharedWhat>,
    private readonly parts: Map<string, { content: string; sizeBytes: number }>,
    /** Published runs by id. */
    private readonly listed: Map<string, PublishedRun>
  ) {}

  /** Its Samples or readings, its session file, and the row that lists it. */
  async run(run: Run, rows: string): Promise<void> {
    const content = hashOf(JSON.stringify([rows, run.name, run.notes, run.tags, run.state]))
    try {
      if (this.what.has('samples') && (run.kind === 'campaign' || run.kind === 'adaptive'))
        await this.table(
          'samples',
          `${run.id}.parquet`,
          content,
          'profile_sample t WHERE t.campaign_id = $4',
          [run.id]
        )
      if (this.what.has('recordings') && run.kind === 'recording')
        await this.table('readings', `${run.id}.parquet`, content, 'gpu_sample t WHERE t.recording_id = $4', [
          run.id
        ])
      const before = this.listed.get(run.id)
      const session = this.what.has('sessions')
        ? await this.session(run, content, before)
        : (before?.session ?? null)
      const now = listedRun(run, session)
      await this.deps.shared.saveRun(this.target.folder, now)
      this.listed.set(run.id, now)
      const old = before?.session?.file
      if (old !== undefined && old !== session?.file) {
        // Listed before the old file goes: who reads the list meanwhile finds one of them.
        await this.list()
        await this.remove(old)
      }
    } catch (cause) {
      const error = AppError.from(cause)
      // A record that no import would accept concerns this run alone; a full disk concerns all that follow.
      if (error.code === 'store.exportFailed' || error.code === 'store.failed') throw error
      this.outcome.notes.push(`${run.name ?? run.title}: ${error.message}`)
    }
  }

  async results({ day, content }: ResultDay): Promise<void> {
    const where = `result t WHERE ${sharedResult} AND ${dayOf} = $4`
    await this.table('results', `${day}.parquet`, content, where, [day])
  }

  /** The list of runs and the record of this host, written again where they changed. */
  async list(): Promise<void> {
    const { version, arithmetic } = this.target
    const runs = [...this.listed.values()].sort((a, b) => a.id.localeCompare(b.id))
    const text = JSON.stringify(runs)
    const source = `(SELECT unnest(from_json($4::VARCHAR, '${runsJson}'), recursive := true)) t`
    await this.table('runs', 'runs.parquet', hashOf(text), source, [JSON.stringify(runs.map(rowOf))])
    const host = `(SELECT $4 AS version, $5::DOUBLE AS published_at_ms, $3 AS arithmetic) t`
    const now = this.deps.nowMs()
    await this.table('hosts', 'host.parquet', `${now} ${arithmetic}`, host, [version, now])
  }

  private async session(
    run: Run,
    content: string,
    before: PublishedRun | undefined
  ): Promise<NonNullable<PublishedRun['session']>> {
    const name = `${run.id}-${content.slice(0, 12)}.bbsession`
    const file = this.path(sharedSessions, name)
    const known = await this.present(`${sharedSessions}/${name}`, content)
    if (known && before?.session?.file === `${sharedSessions}/${name}`) {
      this.outcome.unchanged++
      return before.session
    }
    await this.deps.exportRun(run.id, run.name ?? run.title, file)
    const { size } = await stat(file)
    await this.wrote(`${sharedSessions}/${name}`, content, size, 0)
    return { file: `${sharedSessions}/${name}`, sizeBytes: size, sha256: await sha256Of(file) }
  }

  private async table(
    table: keyof typeof sharedTables,
    name: string,
    content: string,
    source: string,
    params: readonly SqlValue[]
  ): Promise<void> {
    const { origin, hostName, arithmetic } = this.target
    if (await this.present(`${table}/${name}`, content)) {
      this.outcome.unchanged++
      return
    }
    const file = this.path(table, name)
    const rows = await this.deps.store.exportQuery(
      `SELECT ${publishedColumns(table)} FROM ${source}`,
      [origin, hostName, arithmetic, ...params],
      file,
      'parquet'
    )
    await this.wrote(`${table}/${name}`, content, (await stat(file)).size, table === 'hosts' ? 0 : rows)
  }

  /** Whether this content lies there; a file of another size was changed, or is that of a write that was not remembered. */
  private async present(key: string, content: string): Promise<boolean> {
    const known = this.parts.get(key)
    if (known === undefined || known.content !== content) return false
    const [table = '', name = ''] = key.split('/')
    const found = await stat(this.path(table, name)).catch(() => null)
    return found !== null && found.size === known.sizeBytes
  }

  private async wrote(key: string, content: string, sizeBytes: number, rows: number): Promise<void> {
    await this.deps.shared.savePart(this.target.folder, key, content, sizeBytes)
    this.parts.set(key, { content, sizeBytes })
    this.outcome.written++
    this.outcome.rows += rows
    this.outcome.sizeBytes += sizeBytes
  }

  private async remove(key: string): Promise<void> {
    const [table = '', name = ''] = key.split('/')
    await rm(this.path(table, name), { force: true })
    await this.deps.shared.forgetPart(this.target.folder, key)
  }

  private path(table: string, name: string): string {
    return path.join(this.target.folder, table, partitionOf(this.target.host), name)
  }
}

/** A publication that knows what lies in the folder from earlier ones. */
export async function openPublication(
  deps: PublishDeps,
  target: PublishTarget,
  what: ReadonlySet<SharedWhat>
): Promise<Publication> {
  const [parts, runs] = await Promise.all([deps.shared.parts(target.folder), deps.shared.runs(target.folder)])
  return new Publication(deps, target, what, parts, new Map(runs.map((run) => [run.id, run])))
}

function listedRun(run: Run, session: PublishedRun['session']): PublishedRun {
  const { id, kind, name, title, detail, tags, model, board, dataSet, state, startedAtMs } = run
  return { id, kind, name, title, detail, tags, model, board, dataSet, state, startedAtMs, session }
}

/** A published run as a row of the table `runs`. */
function rowOf({
  dataSet,
  startedAtMs,
  session,
  tags,
  ...run
}: PublishedRun): Record<string, string | number | null> {
  return {
    ...{ ...run, tags: JSON.stringify(tags), data_set: dataSet, started_at_ms: startedAtMs },
    session: session === null ? null : (session.file.split('/')[1] ?? null),
    session_sha256: session?.sha256 ?? null,
    session_bytes: session?.sizeBytes ?? null
  }
}

/** Shape of a JSON list of rows of the table `runs`, for DuckDB. */
const runsJson = JSON.stringify([Object.fromEntries(sharedTables.runs.map(({ name, type }) => [name, type]))])

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
