import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Marker, Run } from '../../shared/contract/run'
import type { SessionInfo } from '../../shared/contract/session'
import { AppError } from '../../shared/errors'
import { replaceFile } from '../files/replaceFile'
import type { Store } from '../store/store'
import { parseJson } from '../store/recordTable'
import { carriedRuns, type CarriedRuns, type RunSource } from './carriedRuns'
import { inList } from './idList'
import { infoOf } from './infoOf'
import { manifestName, manifestSchema, sessionFormat, sessionVersion, type Manifest } from './manifest'
import {
  allTables,
  type CarriedTable,
  type HeadTable,
  type KeyedTable,
  type SessionTables
} from './sessionTables'
import { createZipWriter, type ZipWriter } from './zipWriter'

/** A network as sessions carry it. */
export interface CarriedModel {
  id: string
  name: string
  shipped: boolean
  /** Data set that it is judged on; null: the shipped images. */
  dataSet: string | null
}

/** What writing a session needs of other nouns. */
export interface ExportDeps extends RunSource {
  store: Pick<Store, 'read' | 'exportQuery'>
  /** Those of these networks that are known. */
  models(ids: ReadonlySet<string>): Promise<CarriedModel[]>
  /** The ONNX file of a model first, then what lies beside it. */
  modelFiles(id: string): Promise<{ location: string; file: string }[]>
  /** Markers of runs by id; runs without any may be absent. */
  markers(): Promise<ReadonlyMap<string, Marker[]>>
  /** Random name of this data folder. */
  origin(): Promise<string>
  scratchFolder: string
  version: string
  nowMs(): number
}

/** Which runs are written, and to which file. */
export interface ExportRequest {
  file: string
  /** Empty: every run. */
  runIds: readonly string[]
  title: string
  example: boolean
}

/** Writes chosen runs and what they need. @throws input.notFound, run.busy, store.corrupt, store.exportFailed */
export async function exportSession(deps: ExportDeps, request: ExportRequest): Promise<SessionInfo> {
  const carried = await carriedRuns(deps, request.runIds)
  const file = path.resolve(request.file)
  const scratch = await mkdtemp(path.join(deps.scratchFolder, 'exporting-'))
  try {
    const manifest = await replaceFile(file, async (unfinished) => {
      const handle = await open(unfinished, 'wx', 0o600)
      try {
        return await writeSession(deps, request, carried, createZipWriter(handle), scratch)
      } finally {
        await handle.close()
      }
    })
    return infoOf(manifest, file, (await stat(file)).size)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function writeSession(
  deps: ExportDeps,
  { title, example }: ExportRequest,
  { runs, texts, notes: unread }: CarriedRuns,
  zip: ZipWriter,
  scratch: string
): Promise<Manifest> {
  const { members, notes: leftOut } = await addTables(deps, runs, texts, zip, scratch)
  const { models, files, notes } = await addModels(deps, texts, zip, !example)
  const markers = await deps.markers()
  const manifest: Manifest = {
    ...{ format: sessionFormat, version: sessionVersion, writtenBy: deps.version, example },
    ...{ createdAtMs: deps.nowMs(), origin: await deps.origin(), title },
    runs: runs.map(({ id, kind, title: what, name, notes: own, tags, startedAtMs }) => ({
      ...{ id, kind, title: what, name, notes: own, tags, startedAtMs },
      markers: markers.get(id) ?? []
    })),
    tables: await tableVersions(deps, members),
    ...{ models, notes: [...unread, ...leftOut, ...notes], members: [...members, ...files] }
  }
  requireReadable(manifest)
  await zip.add(manifestName, Buffer.from(JSON.stringify(manifest, null, 1)))
  await zip.end()
  return manifest
}

async function addTables(
  deps: ExportDeps,
  runs: readonly Run[],
  texts: ReadonlySet<string>,
  zip: ZipWriter,
  scratch: string
): Promise<{ members: Manifest['members']; notes: string[] }> {
  const unread = await unreadableKeyed(deps, texts)
  const lists = [runs.map(({ id }) => id), [...texts], unread].map((list) => JSON.stringify(list))
  const members: Manifest['members'] = []
  for (const { table, where } of queriesOf(deps.tables)) {
    const parquet = path.join(scratch, `${table}.parquet`)
    const sql = `SELECT * FROM ${table} WHERE ${where}`
    const rows = await deps.store.exportQuery(sql, lists, parquet, 'parquet')
    if (rows > 0) {
      const name = `tables/${table}.parquet`
      members.push({ name, table, rows, ...(await zip.add(name, { file: parquet })) })
    }
    await rm(parquet, { force: true })
  }
  return {
    members,
    notes: unread.map((keys) => `What was measured for ${keys} cannot be read: not included.`)
  }
}

/** Keys of rows with keys of their own whose records no import accepts. */
async function unreadableKeyed({ store, tables }: ExportDeps, texts: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = []
  for (const keyed of tables.keyed) {
    const columns = Object.keys(keyed.json ?? {})
    const rows = await store.read<Record<string, string>>(
      `SELECT ${keysOf(keyed)} AS "the keys", ${columns.join(', ')} FROM ${keyed.table} WHERE ${keyedWhere(keyed, '$1')}`,
      [JSON.stringify([...texts])]
    )
    for (const row of rows) {
      const fits = columns.every(
        (column) => parseJson(row[column] ?? '', keyed.json![column]).problem === null
      )
      if (!fits) found.push(row['the keys'])
    }
  }
  return found
}

/** All keys of a row as one text. */
const keysOf = ({ keys }: KeyedTable): string => `concat_ws(', ', ${keys.join(', ')})`

const keyedWhere = ({ keys }: KeyedTable, texts: string): string =>
  keys.map((key) => inList(key, texts)).join(' AND ')

/** Which rows of every table belong to the runs of $1; $2: every text of their records; $3: keys that are left out. */
function queriesOf({ heads, rows, shared, keyed }: SessionTables): { table: string; where: string }[] {
  return [
    ...heads.map(({ table, id }: HeadTable) => ({ table, where: inList(id) })),
    ...rows.map(({ table, key }) => ({ table, where: inList(key) })),
    ...shared.map(({ table, id, maker, through }) => ({
      table,
      where: `${inList(maker)} OR ${id} IN (SELECT ${through.column} FROM ${through.table} WHERE ${inList(through.key)})`
    })),
    ...keyed.map((one) => ({
      table: one.table,
      where: `${keyedWhere(one, '$2')} AND NOT (${inList(keysOf(one), '$3')})`
    }))
  ]
}

async function tableVersions(
  { store, tables }: ExportDeps,
  members: Manifest['members']
): Promise<Record<string, number>> {
  const used = new Set(members.map(({ table }) => table))
  const nouns = new Set(
    allTables(tables).flatMap(({ table, noun }: CarriedTable) => (used.has(table) ? [noun] : []))
  )
  const rows = await store.read<{ noun: string; version: number }>('SELECT noun, version FROM store_version')
  return Object.fromEntries(rows.flatMap(({ noun, version }) => (nouns.has(noun) ? [[noun, version]] : [])))
}

async function addModels(
  deps: ExportDeps,
  texts: ReadonlySet<string>,
  zip: ZipWriter,
  withShipped: boolean
): Promise<{ models: Manifest['models']; files: Manifest['members']; notes: string[] }> {
  const models: Manifest['models'] = []
  const files: Manifest['members'] = []
  const notes: string[] = []
  for (const { id, name, shipped, dataSet } of await deps.models(texts)) {
    if (!texts.has(id)) continue
    if (dataSet !== null) notes.push(`${name} is judged on the data set "${dataSet}", which is not included.`)
    const carried: Manifest['models'][number]['files'] = []
    if (!shipped || withShipped) {
      for (const [index, { location, file }] of (await deps.modelFiles(id)).entries()) {
        const member = `models/${id}/${index}`
        files.push({ name: member, table: null, rows: null, ...(await zip.add(member, { file })) })
        carried.push({ location, member })
      }
    }
    models.push({ id, name, included: carried.length > 0, files: carried })
  }
  return { models, files, notes }
}

/** What is written can be read again. @throws store.exportFailed (a network's file name that not every system takes) */
function requireReadable(manifest: Manifest): void {
  const issue = manifestSchema.safeParse(manifest).error?.issues[0]
  if (issue === undefined) return
  const [part, index] = issue.path
  const what =
    part === 'models' ? `the network "${manifest.models[Number(index)]?.name}"` : issue.path.join('.')
  throw new AppError(
    'store.exportFailed',
    `The session could not be read again: ${what} (${issue.message}).`,
    'Choose fewer runs, or rename the files of the network: no \\ : * ? " < > |, at most 200 characters.'
  )
}
