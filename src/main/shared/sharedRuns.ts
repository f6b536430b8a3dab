import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, lstat, mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { sharedRunSchema, type SharedRun } from '../../shared/contract/shared'
import { AppError } from '../../shared/errors'
import { formatBytes } from '../../shared/units'
import { sqlString, withoutControls } from './sharedCheck'
import type { TakenRun } from './sharedStore'
import { partitionOf, sharedSessions } from './sharedTables'
import type { SharedViews } from './sharedViews'

/** Which runs of other hosts. */
export interface SharedRunFilter {
  readonly kinds: readonly string[]
  /** Empty: all hosts. */
  readonly host: string
  readonly text: string
  readonly limit: number
}

const maxText = 500
/** A session file above this is not taken over, bytes. */
const maxSessionBytes = 4 * 2 ** 30

/** Runs of other hosts, newest first; rows that fit no run are passed over. */
export async function listSharedRuns(
  views: SharedViews,
  self: string,
  filter: SharedRunFilter,
  taken: readonly TakenRun[]
): Promise<{ runs: SharedRun[]; total: number }> {
  const where = whereOf(self, filter)
  const [{ total } = { total: 0 }] = await views.all<{ total: number }>(
    `SELECT count(*)::DOUBLE AS total FROM runs WHERE ${where}`
  )
  const cut = ['id', 'kind', 'name', 'title', 'detail', 'model', 'board', 'state']
  const rows = await views.all<Record<string, unknown>>(
    `SELECT host, ${cut.map((name) => `left(${name}, ${maxText}) AS ${name}`).join(', ')}, left(data_set, ${maxText}) AS data_set,
       left(tags, 2000) AS tags, started_at_ms, session_bytes FROM runs WHERE ${where}
     ORDER BY started_at_ms DESC, host, id LIMIT ${Math.floor(filter.limit)}`
  )
  const here = new Map(taken.map(({ host, originalId, runId }) => [`${host} ${originalId}`, runId]))
  const runs = rows.flatMap(({ data_set, started_at_ms, session_bytes, tags, ...row }) => {
    const texts = Object.entries({ ...row, dataSet: data_set }).map(([name, value]) => [
      name,
      typeof value === 'string' && name !== 'id' ? withoutControls(value) : value
    ])
    const run = {
      ...{ ...Object.fromEntries(texts), startedAtMs: started_at_ms, sessionBytes: session_bytes },
      tags: tagsOf(tags),
      hereAs: here.get(`${String(row['host'])} ${String(row['id'])}`) ?? null
    }
    const found = sharedRunSchema.safeParse(run)
    // An id that is not printable is none that a run has.
    return found.success && withoutControls(found.data.id) === found.data.id ? [found.data] : []
  })
  return { runs, total }
}

function whereOf(self: string, { kinds, host, text }: SharedRunFilter): string {
  const fields = ['id', 'name', 'title', 'tags', 'model', 'board', 'data_set', 'host']
  const wanted = sqlString(text.trim().toLowerCase())
  return [
    `host <> ${sqlString(self)}`,
    ...(host === '' ? [] : [`host = ${sqlString(host)}`]),
    ...(kinds.length === 0 ? [] : [`kind IN (${kinds.map(sqlString).join(', ')})`]),
    ...(text.trim() === ''
      ? []
      : [`(${fields.map((name) => `contains(lower(coalesce(${name}, '')), ${wanted})`).join(' OR ')})`])
  ].join(' AND ')
}

function tagsOf(text: unknown): string[] {
  try {
    const tags: unknown = JSON.parse(String(text))
    return Array.isArray(tags)
      ? tags
          .filter((tag) => typeof tag === 'string')
          .slice(0, 20)
          .map(withoutControls)
      : []
  } catch {
    return []
  }
}

interface SessionRow {
  session: string | null
  session_sha256: string
}

/**
 * Copies the session file of a run out of the folder, checks it against the list and gives it to `use`.
 *
 * @throws input.notFound, data.missing (not there, or another file than the list names), session.invalid
 */
export async function withSharedSession<T>(
  views: SharedViews,
  source: { folder: string; scratchFolder: string },
  run: { host: string; id: string },
  use: (file: string) => Promise<T>
): Promise<T> {
  const [row] = await views.all<SessionRow>(
    `SELECT session, session_sha256 FROM runs WHERE host = ${sqlString(run.host)} AND id = ${sqlString(run.id)} LIMIT 1`
  )
  if (row === undefined)
    throw new AppError(
      'input.notFound',
      `${run.host} lists no run ${run.id}.`,
      'List them: bitbench shared runs.'
    )
  // The name comes from another host: only a plain name of a session file is accepted.
  if (row.session === null || !/^[A-Za-z0-9_.-]{1,150}\.bbsession$/.test(row.session))
    throw new AppError(
      'data.missing',
      `${run.host} published the run ${run.id} without its session file.`,
      'Its rows can be queried; run "bitbench shared publish" there.'
    )
  await mkdir(source.scratchFolder, { recursive: true })
  const scratch = await mkdtemp(path.join(source.scratchFolder, 'taking-'))
  try {
    const file = path.join(scratch, row.session)
    await copyChecked(path.join(source.folder, sharedSessions, partitionOf(run.host), row.session), file, row)
    return await use(file)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function copyChecked(from: string, to: string, { session_sha256: wanted }: SessionRow): Promise<void> {
  const missing = (why: string, cause?: unknown): AppError =>
    new AppError(
      'data.missing',
      `The session file ${from} ${why}.`,
      'It may be published again just now: try again, and otherwise run "bitbench shared publish" on its host.',
      { cause }
    )
  const found = await lstat(from).catch((cause: unknown) => {
    throw missing('is not there', cause)
  })
  if (!found.isFile()) throw missing('is no plain file')
  if (found.size > maxSessionBytes) throw missing(`has ${formatBytes(found.size)}, too many to take over`)
  await copyFile(from, to).catch((cause: unknown) => {
    throw missing('cannot be copied', cause)
  })
  const hash = createHash('sha256')
  await pipeline(createReadStream(to), hash)
  if (hash.digest('hex') !== wanted) throw missing('is another one than the list names')
}
