import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Run } from '../../shared/contract/run'
import type { SessionInfo } from '../../shared/contract/session'
import { AppError } from '../../shared/errors'
import { replaceFile } from '../files/replaceFile'
import type { Store } from '../store/store'
import { infoOf } from './infoOf'
import { manifestName, sessionFormat, sessionVersion, type Manifest } from './manifest'
import { textsIn } from './recordWalk'
import { allTables, type CarriedTable, type HeadTable, type SessionTables } from './sessionTables'
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
export interface ExportDeps {
  store: Pick<Store, 'read' | 'exportQuery'>
  tables: SessionTables
  /** Every run that can be listed. */
  runs(): Promise<Run[]>
  /** Ids of runs that this one relies on without naming them. */
  reliesOn(run: Run, texts: ReadonlySet<string>): Promise<string[]>
  models(): Promise<CarriedModel[]>
  /** The ONNX file of a model first, then what lies beside it. */
  modelFiles(id: string): Promise<{ location: string; file: string }[]>
  /** Random name of this data folder. */
  origin(): Promise<string>
  scratchFolder: string
  version: string
  nowMs(): number
}

/** Which runs, and where to. */
export interface ExportRequest {
  file: string
  /** Empty: every run. */
  runIds: readonly string[]
  title: string
  example: boolean
}

/** Writes chosen runs and what they need. @throws input.notFound, run.busy, store.exportFailed */
export async function exportSession(deps: ExportDeps, request: ExportRequest): Promise<SessionInfo> {
  const { runs, texts } = await withNeeds(deps, request.runIds)
  const file = path.resolve(request.file)
  const scratch = await mkdtemp(path.join(deps.scratchFolder, 'exporting-'))
  try {
    const manifest = await replaceFile(file, async (unfinished) => {
      const handle = await open(unfinished, 'wx', 0o600)
      try {
        return await writeSession(deps, request, runs, texts, createZipWriter(handle), scratch)
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
  runs: readonly Run[],
  texts: ReadonlySet<string>,
  zip: ZipWriter,
  scratch: string
): Promise<Manifest> {
  const members = await addTables(deps, runs, texts, zip, scratch)
  const { models, files, notes } = await addModels(deps, texts, zip, !example)
  const manifest: Manifest = {
    ...{ format: sessionFormat, version: sessionVersion, writtenBy: deps.version, example },
    ...{ createdAtMs: deps.nowMs(), origin: await deps.origin(), title },
    runs: runs.map(({ id, kind, title: what, name, notes: own, tags, startedAtMs }) => ({
      ...{ id, kind, title: what, name, notes: own, tags, startedAtMs }
    })),
    tables: await tableVersions(deps, members),
    ...{ models, notes, members: [...members, ...files] }
  }
  await zip.add(manifestName, Buffer.from(JSON.stringify(manifest, null, 1)))
  await zip.end()
  return manifest
}

/** The chosen runs, the runs they name, the runs those name, and every text in all of them. */
async function withNeeds(
  deps: ExportDeps,
  runIds: readonly string[]
): Promise<{ runs: Run[]; texts: Set<string> }> {
  const known = new Map((await deps.runs()).map((run) => [run.id, run]))
  const all = runIds.length === 0
  const open = all ? [...known.keys()].filter((id) => known.get(id)!.state !== 'unreadable') : [...runIds]
  const chosen = new Map<string, Run>()
  const texts = new Set<string>()
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const run = known.get(id)
    if (run === undefined) throw noRun(id)
    if (chosen.has(id)) continue
    if (run.state === 'running') {
      if (all) continue
      throw new AppError('run.busy', `"${run.name ?? run.title}" is running.`, 'Export it when it has ended.')
    }
    if (run.state === 'unreadable') throw noRun(id)
    chosen.set(id, run)
    const own = await textsOf(deps, run)
    for (const text of own) texts.add(text)
    const named = [...own].filter((text) => known.has(text) && known.get(text)!.state !== 'running')
    open.push(...named, ...(await deps.reliesOn(run, own)).filter((other) => known.has(other)))
  }
  if (chosen.size === 0) {
    throw new AppError('input.notFound', 'There is no run to export.', 'Run something, or open an example.')
  }
  return { runs: [...chosen.values()].sort((a, b) => b.startedAtMs - a.startedAtMs), texts }
}

async function textsOf({ store, tables }: ExportDeps, run: Run): Promise<Set<string>> {
  const head = tables.heads.find(({ kind }) => kind === run.kind)!
  const columns = [...(head.boards ?? []), ...Object.keys(head.json ?? {})]
  const [row] = await store.read(
    `SELECT ${columns.map((column) => `${column}::VARCHAR AS ${column}`).join(', ')} FROM ${head.table} WHERE ${head.id} = $1`,
    [run.id]
  )
  const texts = new Set<string>()
  for (const column of head.boards ?? []) if (typeof row?.[column] === 'string') texts.add(row[column])
  for (const column of Object.keys(head.json ?? {})) {
    const text = row?.[column]
    if (typeof text === 'string') textsIn(JSON.parse(text), texts)
  }
  return texts
}

async function addTables(
  deps: ExportDeps,
  runs: readonly Run[],
  texts: ReadonlySet<string>,
  zip: ZipWriter,
  scratch: string
): Promise<Manifest['members']> {
  const members: Manifest['members'] = []
  for (const { table, where } of queriesOf(deps.tables)) {
    const parquet = path.join(scratch, `${table}.parquet`)
    const rows = await deps.store.exportQuery(
      `SELECT * FROM ${table} WHERE ${where}`,
      [JSON.stringify(runs.map(({ id }) => id)), JSON.stringify([...texts])],
      parquet,
      'parquet'
    )
    if (rows > 0) {
      const name = `tables/${table}.parquet`
      members.push({ name, table, rows, ...(await zip.add(name, { file: parquet })) })
    }
    await rm(parquet, { force: true })
  }
  return members
}

/** Which rows of every table belong to the runs of $1; $2: every text of their records. */
function queriesOf({ heads, rows, shared, keyed }: SessionTables): { table: string; where: string }[] {
  const inList = (column: string, parameter: string): string =>
    `${column} IN (SELECT unnest(from_json(${parameter}::VARCHAR, '["VARCHAR"]')))`
  return [
    ...heads.map(({ table, id }: HeadTable) => ({ table, where: inList(id, '$1') })),
    ...rows.map(({ table, key }) => ({ table, where: inList(key, '$1') })),
    ...shared.map(({ table, id, maker, through }) => ({
      table,
      where: `${inList(maker, '$1')} OR ${id} IN (SELECT ${through.column} FROM ${through.table} WHERE ${inList(through.key, '$1')})`
    })),
    ...keyed.map(({ table, keys }) => ({
      table,
      where: keys.map((key) => inList(key, '$2')).join(' AND ')
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
  for (const { id, name, shipped, dataSet } of await deps.models()) {
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

function noRun(id: string): AppError {
  return new AppError(
    'input.notFound',
    `There is no run ${id} that can be exported.`,
    'List the runs with `bitbench run list` or on the Runs page.'
  )
}
