import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'
import { formatBytes } from '../../shared/units'
import type { SharedTableName } from './sharedTables'

/** A Parquet file of a host in the shared folder. */
export interface SharedPart {
  readonly table: SharedTableName
  readonly host: string
  /** Path or s3:// address. */
  readonly file: string
  readonly sizeBytes: number
  /** Changes with the content. */
  readonly stamp: string
}

/** A file that is left out, and why. */
export interface LeftOut {
  readonly file: string
  readonly why: string
}

const maxHosts = 500
const maxPartsOfHost = 5_000
const maxParts = 20_000
const maxPartBytes = 2 ** 30
const hostFolder = /^host=([A-Za-z0-9][A-Za-z0-9_.-]{0,79})$/
const partName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}\.parquet$/

/** The parts of a table in a local folder; names that are none of ours are passed over, links and large files named. */
export async function listParts(
  folder: string,
  table: SharedTableName
): Promise<{ parts: SharedPart[]; leftOut: LeftOut[] }> {
  const parts: SharedPart[] = []
  const leftOut: LeftOut[] = []
  const root = path.join(folder, table)
  const hosts = (await readdir(root).catch(missingIsEmpty)).filter((name) => hostFolder.test(name)).sort()
  if (hosts.length > maxHosts) leftOut.push({ file: root, why: `more than ${maxHosts} hosts` })
  for (const name of hosts.slice(0, maxHosts)) {
    const host = hostFolder.exec(name)![1] ?? ''
    const own = path.join(root, name)
    const { names, why: whyNone } = await namesIn(own)
    if (whyNone !== null) leftOut.push({ file: own, why: whyNone })
    const files = names.filter((one) => partName.test(one)).sort()
    if (files.length > maxPartsOfHost) leftOut.push({ file: own, why: `more than ${maxPartsOfHost} files` })
    for (const one of files.slice(0, maxPartsOfHost)) {
      const file = path.join(own, one)
      const found = await lstat(file).catch(() => null)
      if (found === null) continue
      const why = notUsable(found.isFile(), found.size, parts.length)
      if (why === null)
        parts.push({
          table,
          host,
          file,
          sizeBytes: found.size,
          stamp: `${found.size} ${found.mtimeMs} ${found.ino}`
        })
      else leftOut.push({ file, why })
    }
  }
  return { parts, leftOut }
}

/** Names in a host's folder; one that cannot be listed has none, and why, so that no host is missing without a word. */
async function namesIn(own: string): Promise<{ names: string[]; why: string | null }> {
  try {
    if (!(await lstat(own)).isDirectory()) return { names: [], why: 'it is a link or no folder' }
    return { names: await readdir(own), why: null }
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    return { names: [], why: code === 'ENOENT' ? null : `it cannot be listed: ${code}` }
  }
}

function notUsable(isFile: boolean, sizeBytes: number, before: number): string | null {
  if (!isFile) return 'it is a link or no plain file'
  if (sizeBytes > maxPartBytes)
    return `it has ${formatBytes(sizeBytes)}, at most ${formatBytes(maxPartBytes)} are read`
  return before >= maxParts ? `there are more than ${maxParts} files` : null
}

function missingIsEmpty(cause: NodeJS.ErrnoException): string[] {
  if (cause.code === 'ENOENT') return []
  throw cause
}

/** A part by its address in a bucket, as DuckDB lists it; null for a name that is none of ours. */
export function bucketPart(
  table: SharedTableName,
  file: string,
  sizeBytes: number,
  changed: string
): SharedPart | null {
  const [folder, name] = file.split('/').slice(-2)
  const host = hostFolder.exec(folder ?? '')?.[1]
  if (host === undefined || name === undefined || !partName.test(name) || sizeBytes > maxPartBytes)
    return null
  return { table, host, file, sizeBytes, stamp: `${sizeBytes} ${changed}` }
}
