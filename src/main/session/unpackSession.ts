import { copyFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { SessionInfo } from '../../shared/contract/session'
import { infoOf } from './infoOf'
import { newer, readManifest, type Manifest } from './manifest'
import { allTables, type SessionTables } from './sessionTables'
import { invalidSession, openArchive } from './zipReader'

/** A session whose members all have the sizes and hashes of its manifest. */
export interface UnpackedSession {
  readonly manifest: Manifest
  readonly info: SessionInfo
  /** Parquet file of each table. */
  readonly parquet: ReadonlyMap<string, { file: string; rows: number; sizeBytes: number }>
  /** Folder of each included model by id, its ONNX file first. */
  readonly models: ReadonlyMap<string, { folder: string; file: string }>
}

/** Returns what a file holds by its manifest. @throws session.invalid, session.newer, data.missing */
export async function inspectSession(file: string): Promise<SessionInfo> {
  const archive = await openArchive(file)
  try {
    return infoOf(await readManifest(archive, file), file, archive.sizeBytes)
  } finally {
    await archive.close()
  }
}

/**
 * Unpacks a session into a folder under names of our own and checks every hash; names inside the file are never paths.
 * @throws session.invalid, session.newer, data.missing
 */
export async function unpackSession(
  file: string,
  folder: string,
  tables: SessionTables,
  versions: ReadonlyMap<string, number>
): Promise<UnpackedSession> {
  const archive = await openArchive(file)
  try {
    const manifest = await readManifest(archive, file)
    requireKnownTables(manifest, file, tables, versions)
    const parquet = new Map<string, { file: string; rows: number; sizeBytes: number }>()
    const modelMembers = new Map<string, string>()
    for (const [index, member] of manifest.members.entries()) {
      const target = path.join(folder, `member-${index}`)
      const { sha256, sizeBytes } = await archive.extract(member.name, target)
      if (sha256 !== member.sha256) throw invalidSession(file, `"${member.name}" was changed`)
      if (member.table !== null) {
        if (member.rows === null) throw invalidSession(file, `"${member.name}" has no number of rows`)
        parquet.set(member.table, { file: target, rows: member.rows, sizeBytes })
      } else modelMembers.set(member.name, target)
    }
    const models = await placeModels(manifest, modelMembers, folder)
    return { manifest, info: infoOf(manifest, file, archive.sizeBytes), parquet, models }
  } finally {
    await archive.close()
  }
}

/** Tables that sessions carry, in a version this Bitbench knows. */
function requireKnownTables(
  { members, tables: written }: Manifest,
  file: string,
  tables: SessionTables,
  versions: ReadonlyMap<string, number>
): void {
  const known = new Map(allTables(tables).map(({ table, noun }) => [table, noun]))
  for (const { table } of members) {
    if (table !== null && !known.has(table))
      throw invalidSession(file, `it holds rows of "${table}", which no session has`)
  }
  for (const [noun, version] of Object.entries(written)) {
    if (version > (versions.get(noun) ?? 0)) throw newer(file, `version ${version} of the ${noun} tables`)
  }
}

/** Gives the files of every included model their own names, in a folder of that model. */
async function placeModels(
  { models }: Manifest,
  members: ReadonlyMap<string, string>,
  folder: string
): Promise<Map<string, { folder: string; file: string }>> {
  const placed = new Map<string, { folder: string; file: string }>()
  for (const { id, files } of models) {
    if (files.length === 0) continue
    const own = path.join(folder, `model-${id}`)
    for (const { location, member } of files) {
      const target = path.join(own, ...location.split('/'))
      await mkdir(path.dirname(target), { recursive: true })
      await copyFile(members.get(member)!, target)
    }
    placed.set(id, { folder: own, file: path.join(own, ...files[0].location.split('/')) })
  }
  return placed
}
