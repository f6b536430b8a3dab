import type { SharedHost } from '../../shared/contract/shared'
import { sqlString, withoutControls } from './sharedCheck'
import type { SharedViews } from './sharedViews'

/** A host name as part of a folder's name. */
export function plainHostName(name: string): string {
  const plain = (name.split('.', 1)[0] ?? '')
    .replace(/[^A-Za-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40)
  return plain === '' ? 'host' : plain
}

const versionSql = `left(coalesce(max_by(version, published_at_ms), ''), 100)`

/** Version of Bitbench with which a host published last; empty where it is not known. */
export async function versionOf(views: SharedViews, host: string): Promise<string> {
  const [row] = await views.all<{ version: string }>(
    `SELECT ${versionSql} AS version FROM hosts WHERE host = ${sqlString(host)}`
  )
  return withoutControls(row?.version ?? '')
}

/** The hosts that published, with what they did; from the views alone. */
export async function hostsOf(views: SharedViews, self: string): Promise<SharedHost[]> {
  const counted = ['runs', 'samples', 'readings', 'results'] as const
  const rows = await views.all<Record<string, string | number>>(
    `SELECT h.host, ${versionSql} AS version, max(h.published_at_ms) AS "publishedAtMs",
       ${counted.map((table) => `coalesce(any_value(${table}.n), 0)::DOUBLE AS ${table}`).join(', ')}
     FROM hosts h ${counted.map((table) => `LEFT JOIN (SELECT host, count(*) AS n FROM ${table} GROUP BY host) ${table} ON ${table}.host = h.host`).join(' ')}
     GROUP BY h.host ORDER BY h.host`
  )
  const sizes = new Map<string, number>()
  for (const { host, sizeBytes } of views.parts) sizes.set(host, (sizes.get(host) ?? 0) + sizeBytes)
  return rows.map((row) => ({
    ...(row as unknown as Omit<SharedHost, 'isHere' | 'sizeBytes'>),
    version: withoutControls(String(row['version'])),
    isHere: row['host'] === self,
    sizeBytes: sizes.get(String(row['host'])) ?? 0
  }))
}
