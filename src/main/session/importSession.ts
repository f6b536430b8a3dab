import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { ImportedRun, SessionImport } from '../../shared/contract/session'
import { AppError } from '../../shared/errors'
import type { StoreSession } from '../store/sql'
import type { Store } from '../store/store'
import { columnsByTable, contentOf, hashOf } from './contentHash'
import { inList } from './idList'
import type { Manifest } from './manifest'
import { renameColumn, renameStaged, staged, stagedBoards, stageSession } from './stageSession'
import type { SessionTables, SharedTable } from './sessionTables'
import { unpackSession, type UnpackedSession } from './unpackSession'
import { invalidSession } from './zipReader'

/** What reading a session needs of other nouns. */
export interface ImportDeps {
  store: Pick<Store, 'read' | 'transactionBeside'>
  tables: SessionTables
  /** Ids of the models that are known. */
  modelIds(): Promise<ReadonlySet<string>>
  /** The id that the model in a file has. @throws model.invalid */
  modelIdOf(file: string): Promise<string>
  openModel(file: string): Promise<void>
  origin(): Promise<string>
  /** Holds the models of sessions for good. */
  modelsFolder: string
  scratchFolder: string
  nowMs(): number
  newId(): string
}

/**
 * Adds the runs of a session: those that are here already with the same content are left alone, and one whose id has
 * other content here gets a new id. All or nothing.
 *
 * @throws session.invalid, session.newer, data.missing; the data file is unchanged then
 */
export async function importSession(deps: ImportDeps, file: string): Promise<SessionImport> {
  const { store, tables } = deps
  const scratch = await mkdtemp(path.join(deps.scratchFolder, 'importing-'))
  try {
    const versions = await store.read<{ noun: string; version: number }>(
      'SELECT noun, version FROM store_version'
    )
    const known = new Map(versions.map(({ noun, version }) => [noun, version]))
    const unpacked = await unpackSession(file, scratch, tables, known)
    await checkModels(deps, unpacked)
    const origin = await deps.origin()
    let runs: ImportedRun[] = []
    let notes: string[] = []
    await store.transactionBeside(async (session) => {
      await stageSession(session, unpacked, tables)
      const boards = await boardRenames(session, tables, unpacked.manifest, origin)
      await renameStaged(session, tables, { ids: new Map(), boards })
      if (boards.size > 0) notes.push(boardNote(boards))
      const placed = await placeRuns(session, deps, unpacked.manifest)
      await insertRuns(session, deps, unpacked, placed)
      runs = placed.map(({ id, kind, title, state }) => ({ id, kind, title, state }))
    })
    const models = await keepModels(deps, unpacked)
    notes = [...notes, ...unpacked.manifest.notes, ...models.notes]
    return { runs, models: unpacked.info.models, notes }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** A run of a session with what becomes of it. */
interface PlacedRun extends ImportedRun {
  oldId: string
  content: string
}

/** Boards that would be taken for others here: all of an example, and real ones of another data folder. */
async function boardRenames(
  session: StoreSession,
  tables: SessionTables,
  { example, origin: from }: Manifest,
  origin: string
): Promise<Map<string, string>> {
  if (!example && from === origin) return new Map()
  const mark = example ? 'example' : from.slice(0, 8)
  const foreign = [...(await stagedBoards(session, tables))].filter(
    (board) => board !== '' && !board.includes('@') && (example || !/^(virtual|qemu)(:|$)/.test(board))
  )
  return new Map(foreign.map((board) => [board, `${board}@${mark}`]))
}

const boardNote = (boards: ReadonlyMap<string, string>): string =>
  `Boards are kept apart from those here: ${[...boards.values()].join(', ')}.`

/** Decides for every run whether it is added, gets a new id, or is here already. */
async function placeRuns(session: StoreSession, deps: ImportDeps, manifest: Manifest): Promise<PlacedRun[]> {
  const { tables } = deps
  const ids = manifest.runs.map(({ id }) => id)
  const incoming = await contentOf(session, tables, ids, staged)
  const here = await contentOf(session, tables, ids, (table) => table)
  const copies = await earlierCopies(session, tables, ids)
  const taken = await takenIds(session, tables, ids)
  const all: PlacedRun[] = []
  for (const { id, kind, title, name } of manifest.runs) {
    const content = incoming.get(id) ?? ''
    const run = { kind, title: name ?? title, oldId: id, content }
    const copy = copies.find((one) => one.original === id && one.content === content)
    if (copy !== undefined) all.push({ ...run, id: copy.run, state: 'alreadyHere' })
    else if (here.get(id) === content) all.push({ ...run, id, state: 'alreadyHere' })
    else if (taken.has(id)) all.push({ ...run, id: deps.newId(), state: 'addedUnderNewId' })
    else all.push({ ...run, id, state: 'added' })
  }
  return all
}

/** Runs that came from earlier imports of these ids and are still here. */
async function earlierCopies(
  session: StoreSession,
  tables: SessionTables,
  ids: readonly string[]
): Promise<{ run: string; original: string; content: string }[]> {
  return await session.all(
    `SELECT run_id AS run, original_id AS original, content FROM session_import
     WHERE ${inList('original_id')} AND run_id IN (${presentIds(tables)})`,
    [JSON.stringify(ids)]
  )
}

/** Those of these ids that runs of any kind have here. */
async function takenIds(
  session: StoreSession,
  tables: SessionTables,
  ids: readonly string[]
): Promise<Set<string>> {
  const rows = await session.all<{ id: string }>(
    `SELECT id FROM (${presentIds(tables)}) WHERE ${inList('id')}`,
    [JSON.stringify(ids)]
  )
  return new Set(rows.map(({ id }) => id))
}

/** SQL: ids of the runs of every kind that are here. */
const presentIds = ({ heads }: SessionTables): string =>
  heads.map(({ table, id }) => `SELECT ${id} AS id FROM ${table}`).join(' UNION ALL ')

async function insertRuns(
  session: StoreSession,
  deps: ImportDeps,
  { manifest, info }: UnpackedSession,
  placed: readonly PlacedRun[]
): Promise<void> {
  const { tables } = deps
  const known = placed.filter(({ state }) => state === 'alreadyHere').map(({ oldId }) => oldId)
  await dropStaged(session, tables, known)
  const ids = new Map(placed.filter(({ id, oldId }) => id !== oldId).map(({ id, oldId }) => [oldId, id]))
  await placeShared(
    session,
    deps,
    placed.filter(({ state }) => state !== 'alreadyHere')
  )
  await renameStaged(session, tables, { ids, boards: new Map() })
  try {
    for (const { table, fixed = {} } of tables.heads) {
      for (const [column, value] of Object.entries(fixed))
        await session.run(`UPDATE ${staged(table)} SET ${column} = ${value}`)
    }
    for (const { table } of [...tables.heads, ...tables.rows, ...tables.shared])
      await session.run(`INSERT INTO ${table} BY NAME SELECT * FROM ${staged(table)}`)
    for (const { table, keys } of tables.keyed) {
      const same = keys.map((key) => `here.${key} = new.${key}`).join(' AND ')
      await session.run(
        `INSERT INTO ${table} BY NAME SELECT * FROM ${staged(table)} new
         WHERE NOT EXISTS (SELECT 1 FROM ${table} here WHERE ${same})`
      )
    }
  } catch (cause) {
    throw invalidSession(info.file, 'its rows do not fit together', cause)
  }
  await writeLabels(session, deps, manifest, info.file, placed)
}

/** Removes from the staged rows what belongs to runs that are here already. */
async function dropStaged(
  session: StoreSession,
  { heads, rows, shared }: SessionTables,
  ids: readonly string[]
): Promise<void> {
  const list = [JSON.stringify(ids)]
  for (const { table, id } of heads)
    await session.run(`DELETE FROM ${staged(table)} WHERE ${inList(id)}`, list)
  for (const { table, key } of rows)
    await session.run(`DELETE FROM ${staged(table)} WHERE ${inList(key)}`, list)
  for (const { table, id, maker, through } of shared) {
    // What a run here made and one that is added adopted has no maker among the added ones.
    await session.run(`UPDATE ${staged(table)} SET ${maker} = NULL WHERE ${inList(maker)}`, list)
    await session.run(
      `DELETE FROM ${staged(table)} WHERE ${id} NOT IN (SELECT ${through.column} FROM ${staged(through.table)})
         AND ${maker} IS NULL`
    )
  }
}

/** Shared rows that are here with the same content are used as they are; others of their id get a new one. */
async function placeShared(
  session: StoreSession,
  { tables, newId }: ImportDeps,
  added: readonly PlacedRun[]
): Promise<void> {
  const columns = await columnsByTable(session)
  for (const shared of tables.shared) {
    const { table, id, maker, through } = shared
    const content = (alias: string): string => hashOf(columns.get(table)!, alias, [maker])
    const clashes = await session.all<{ id: string; same: boolean }>(
      `SELECT s.${id} AS id, ${content('s')} = ${content('h')} AS same
       FROM ${staged(table)} s JOIN ${table} h ON h.${id} = s.${id}`
    )
    const same = clashes.filter((row) => row.same).map((row) => row.id)
    await session.run(
      `UPDATE ${staged(table)} SET ${maker} = NULL
       WHERE NOT (${inList(maker)})`,
      [JSON.stringify(added.map(({ oldId }) => oldId))]
    )
    await adoptSame(session, shared, same, added)
    await session.run(`DELETE FROM ${staged(table)} WHERE ${inList(id)}`, [JSON.stringify(same)])
    const fresh = new Map(clashes.filter((row) => !row.same).map((row) => [row.id, newId()]))
    await renameColumn(session, table, id, fresh)
    await renameColumn(session, through.table, through.column, fresh)
  }
}

/** A run that is added adopts those of its rows that are here already as the rows of another run. */
async function adoptSame(
  session: StoreSession,
  { table, id, maker, through }: SharedTable,
  same: readonly string[],
  added: readonly PlacedRun[]
): Promise<void> {
  const renamedRuns = added.filter((run) => run.id !== run.oldId).map(({ oldId }) => oldId)
  await session.run(
    `INSERT INTO ${staged(through.table)} (${through.key}, ${through.column})
     SELECT s.${maker}, s.${id} FROM ${staged(table)} s JOIN ${table} h ON h.${id} = s.${id}
     WHERE s.${maker} IS NOT NULL AND ${inList(`s.${id}`)}
       AND (h.${maker} IS DISTINCT FROM s.${maker} OR ${inList(`s.${maker}`, '$2')})
     EXCEPT SELECT ${through.key}, ${through.column} FROM ${staged(through.table)}`,
    [JSON.stringify(same), JSON.stringify(renamedRuns)]
  )
}

/** Names, notes, tags and markers of added runs, and where they came from; a deleted run that comes again is restored. */
async function writeLabels(
  session: StoreSession,
  deps: ImportDeps,
  manifest: Manifest,
  file: string,
  placed: readonly PlacedRun[]
): Promise<void> {
  const atMs = deps.nowMs()
  for (const [index, run] of placed.entries()) {
    if (run.state === 'alreadyHere') {
      await session.run('UPDATE run_label SET forgotten_at_ms = NULL WHERE run_id = $1', [run.id])
      continue
    }
    const { name, notes, tags, markers } = manifest.runs[index]
    await session.run(
      `INSERT OR REPLACE INTO run_label (run_id, name, notes, tags, markers, forgotten_at_ms)
       VALUES ($1, $2, $3, $4, $5, NULL)`,
      [run.id, name, notes, JSON.stringify(tags), JSON.stringify(markers)]
    )
    await session.run(
      `INSERT OR REPLACE INTO session_import (run_id, original_id, content, file, example, at_ms)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [run.id, run.oldId, run.content, path.basename(file), manifest.example, atMs]
    )
  }
}

/** Checks that the files of every included model have its id. @throws session.invalid */
async function checkModels(deps: ImportDeps, { models, info }: UnpackedSession): Promise<void> {
  for (const [id, { file }] of models) {
    const found = await deps.modelIdOf(file).catch((cause: unknown) => {
      throw invalidSession(info.file, `its network ${id} cannot be read`, cause)
    })
    if (found !== id) throw invalidSession(info.file, `its network ${id} was changed`)
  }
}

/** Moves networks that are not here to the models of this data folder. Content decides: nothing is overwritten. */
async function keepModels(
  deps: ImportDeps,
  { manifest, models, info }: UnpackedSession
): Promise<{ notes: string[] }> {
  const known = await deps.modelIds()
  const notes: string[] = []
  for (const { id, name } of manifest.models) {
    if (known.has(id)) continue
    const found = models.get(id)
    if (found === undefined) {
      notes.push(`The network ${name} is not included and not here: open its ONNX file on the Model page.`)
      continue
    }
    const folder = path.join(deps.modelsFolder, id)
    try {
      await mkdir(deps.modelsFolder, { recursive: true })
      await rm(folder, { recursive: true, force: true })
      await rename(found.folder, folder)
      await deps.openModel(path.join(folder, path.relative(found.folder, found.file)))
    } catch (cause) {
      notes.push(
        `The network ${name} could not be kept (${AppError.from(cause).message}); import ${path.basename(info.file)} again.`
      )
    }
  }
  return { notes }
}
