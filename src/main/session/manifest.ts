import { z } from 'zod'
import { sessionModelSchema, sessionRunSchema } from '../../shared/contract/session'
import { AppError } from '../../shared/errors'
import { parseJson } from '../store/recordTable'
import { invalidSession, type Archive } from './zipReader'

/** Marks the ZIP archive as a session. */
export const sessionFormat = 'bitbench-session'
/** Raised when an older Bitbench could no longer read what is written. */
export const sessionVersion = 1
/** The one member that is not listed in itself. */
export const manifestName = 'manifest.json'
/** A manifest of 5,000 annotated runs stays below this, bytes. */
const maxManifestBytes = 128 * 2 ** 20

const count = z.number().int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** A file name or a path below a folder, on every system. */
const location = z
  .string()
  .max(200)
  .regex(/^[^\\/:*?"<>|\u0000-\u001f]+(\/[^\\/:*?"<>|\u0000-\u001f]+)*$/)
  .refine((path) => path.split('/').every((part) => part !== '.' && part !== '..'), 'leaves its folder')

/** Ids that Bitbench gives are UUIDs; what is longer or holds other characters is none. */
const idSchema = z.string().regex(/^[A-Za-z0-9_.-]{1,80}$/)

export const manifestSchema = z.object({
  format: z.literal(sessionFormat),
  version: z.literal(sessionVersion),
  writtenBy: z.string().max(100),
  createdAtMs: z.number(),
  /** Random name of the data folder it was written from: boards of another one are not mixed with those here. */
  origin: idSchema,
  title: z.string().max(500),
  example: z.boolean(),
  runs: z.array(sessionRunSchema.extend({ id: idSchema })).max(20_000),
  /** Version of the tables of every noun, as in the data file it was written from. */
  tables: z.record(z.string().max(40), count),
  models: z
    .array(
      sessionModelSchema.extend({
        id: z.string().regex(/^[0-9a-f]{16}$/),
        /** The ONNX file first, then what lies beside it; empty unless included. */
        files: z.array(z.object({ location, member: z.string() })).max(200)
      })
    )
    .max(200),
  notes: z.array(z.string().max(1000)).max(500),
  members: z
    .array(
      z.object({
        name: z.string(),
        sizeBytes: count,
        sha256,
        /** Rows of a Parquet member of this table; null: a file of a model. */
        table: z.string().nullable(),
        rows: count.nullable()
      })
    )
    .max(2000)
})
/** The content of a session by its manifest. */
export type Manifest = z.infer<typeof manifestSchema>

/**
 * The manifest of an archive, every member of which it names with its size.
 * @throws session.newer when a later Bitbench wrote it; session.invalid
 */
export async function readManifest(archive: Archive, file: string): Promise<Manifest> {
  if (!archive.names.has(manifestName)) throw invalidSession(file, 'it is another kind of ZIP archive')
  const text = (await archive.bytes(manifestName, maxManifestBytes)).toString('utf8')
  const head = parseJson(text, z.looseObject({ format: z.string(), version: z.number() })).value
  if (head === null || head.format !== sessionFormat)
    throw invalidSession(file, 'it is another kind of ZIP archive')
  if (head.version > sessionVersion) throw newer(file, `format ${head.version}`)
  const { value, problem } = parseJson(text, manifestSchema)
  if (problem !== null) throw invalidSession(file, `its manifest does not fit (${problem})`)
  checkMembers(value, archive, file)
  return value
}

function checkMembers({ members, models }: Manifest, archive: Archive, file: string): void {
  const listed = new Map(members.map((member) => [member.name, member]))
  if (listed.size !== members.length) throw invalidSession(file, 'its manifest names a member twice')
  for (const name of archive.names) {
    if (name !== manifestName && !listed.has(name))
      throw invalidSession(file, `it holds "${name}", which its manifest does not name`)
  }
  for (const { name, sizeBytes } of members) {
    if (!archive.names.has(name)) throw invalidSession(file, `"${name}" is missing in it`)
    if (archive.sizeOf(name) !== sizeBytes) throw invalidSession(file, `"${name}" has another size`)
  }
  const tables = members.flatMap(({ table }) => (table === null ? [] : [table]))
  if (new Set(tables).size !== tables.length) throw invalidSession(file, 'its manifest names a table twice')
  for (const { member } of models.flatMap(({ files }) => files)) {
    if (listed.get(member)?.table !== null) throw invalidSession(file, `"${member}" is missing in it`)
  }
}

/** session.newer about a file. */
export function newer(file: string, what: string): AppError {
  return new AppError(
    'session.newer',
    `${file} was written by a newer Bitbench (${what}).`,
    'Update Bitbench, or export the session from the older version. Nothing was changed.'
  )
}
