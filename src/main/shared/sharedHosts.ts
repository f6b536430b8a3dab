import type { SharedHost } from '../../shared/contract/shared'
import type { SharedViews } from './sharedViews'

/** A host name as part of a folder's name. */
export function plainHostName(name: string): string {
  const plain = (name.split('.', 1)[0] ?? '')
    .replace(/[^A-Za-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40)
  return plain === '' ? 'host' : plain
}

/** The hosts that published, with what they did; from the views alone. */
export async function hostsOf(views: SharedViews, self: string): Promise<SharedHost[]> {
  const counted = ['runs', 'samples', 'readings', 'results'] as const
  const rows = await views.all<Record<string, string | number>>(
    `SELECT h.host, left(coalesce(max_by(h.version, h.published_at_ms), ''), 100) AS version, max(h.published_at_ms) AS "publishedAtMs",
       ${counted.map((table) => `coalesce(any_value(${table}.n), 0)::DOUBLE AS ${table}`).join(', ')}
     FROM hosts h ${counted.map((table) => `LEFT JOIN (SELECT host, count(*) AS n FROM ${table} GROUP BY host) ${table} ON ${table}.host = h.host`).join(' ')}
     GROUP BY h.host ORDER BY h.host`
  )
  const sizes = new Map<string, number>()
  for (const { host, sizeBytes } of views.parts) sizes.set(host, (sizes.get(host) ?? 0) + sizeBytes)
  return rows.map((row) => ({
    ...(row as unknown as Omit<SharedHost, 'isHere' | 'sizeBytes'>),
    isHere: row['host'] === self,
    sizeBytes: sizes.get(String(row['host'])) ?? 0
  }))
}
