import path from 'node:path'
import type { SessionService } from '../session/sessionService'
import { createHostList } from '../remote/hostList'
import { createRemoteService, type RemoteService } from '../remote/remoteService'
import { createRunOrigins } from '../remote/runOrigins'
import type { Foundation } from './foundation'

/** GPU hosts: what comes from them enters the data file as a session does. */
export function connectRemote(
  { store, jobs, emitter, nowMs, dataFolder }: Foundation,
  session: SessionService
): RemoteService {
  return createRemoteService({
    ...{ jobs, nowMs, emit: emitter() },
    hosts: createHostList(dataFolder),
    origins: createRunOrigins(store),
    importSession: (file) =>
      session.handlers['session.import']({ file }, { signal: new AbortController().signal }),
    scratchFolder: path.join(dataFolder, 'sessions')
  })
}
