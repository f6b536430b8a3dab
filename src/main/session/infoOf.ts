import type { SessionInfo } from '../../shared/contract/session'
import type { Manifest } from './manifest'

/** A manifest as clients see it. */
export function infoOf(manifest: Manifest, file: string, sizeBytes: number): SessionInfo {
  const { version, writtenBy, createdAtMs, title, example, runs, models, members, notes } = manifest
  const rows = members.reduce((sum, member) => sum + (member.rows ?? 0), 0) - runs.length
  return {
    ...{ file, sizeBytes, version, writtenBy, createdAtMs, title, example, runs, rows, notes },
    models: models.map(({ id, name, included }) => ({ id, name, included }))
  }
}
