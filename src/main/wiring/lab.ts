import { hostname, userInfo } from 'node:os'
import { createLabService, type LabService } from '../lab/labService'
import type { Foundation } from './foundation'

/** Boards of a labgrid coordinator. Places are acquired under the name that labgrid's own client would use here. */
export function connectLab({ dataFolder, emitter, log, nowMs }: Foundation, version: string): LabService {
  const { LG_HOSTNAME: host, LG_USERNAME: user } = process.env
  return createLabService({
    ...{ dataFolder, version, log, nowMs },
    self: `${host ?? hostname()}/${user ?? ownName()}`,
    emit: emitter()
  })
}

/** A process may run as a user without a name. */
function ownName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}
