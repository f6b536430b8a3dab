import { hostname } from 'node:os'
import path from 'node:path'
import type { Run } from '../../shared/contract/run'
import { createRunOrigins } from '../remote/runOrigins'
import { createImportedRuns } from '../runs/importedRuns'
import type { RunService } from '../runs/runService'
import { contentOf } from '../session/contentHash'
import type { SessionService } from '../session/sessionService'
import { createSharedService, type SharedService } from '../shared/sharedService'
import { createSharedStore } from '../shared/sharedStore'
import type { Foundation } from './foundation'
import { sessionTables } from './sessionTables'

/** What the shared folder needs of other domains. */
export interface SharedNeeds {
  runs: () => Pick<RunService, 'list'>
  session: () => SessionService
  arithmetic: () => Promise<string>
  version: string
}

const context = { signal: new AbortController().signal }

/** A folder in which hosts publish: runs as session files, rows as Parquet. */
export function connectShared(foundation: Foundation, needs: SharedNeeds): SharedService {
  const { store, jobs, emitter, nowMs, newId, dataFolder } = foundation
  const imported = createImportedRuns(store, newId)
  const origins = createRunOrigins(store)
  const shared = createSharedStore(store)
  return createSharedService({
    ...{ store, shared, jobs, nowMs, dataFolder, version: needs.version, arithmetic: needs.arithmetic },
    emit: emitter(),
    scratchFolder: path.join(dataFolder, 'sessions'),
    hostName: hostname(),
    origin: () => imported.origin(),
    async ownRuns() {
      const [all, taken, remote] = await Promise.all([needs.runs().list(), shared.taken(), origins.all()])
      const others = new Set(taken.map(({ runId }) => runId))
      // What a GPU host of this owner made came as a session, and is this owner's all the same.
      const isOwn = ({ id, imported: from }: Run): boolean =>
        !others.has(id) && (from === null || (remote.has(id) && !from.example))
      return all.filter(isOwn)
    },
    presentIds: async () => new Set((await needs.runs().list()).map(({ id }) => id)),
    contentOf: (ids) =>
      contentOf(
        {
          all: (sql, params) => store.read(sql, params),
          run: noStatement,
          append: noStatement,
          appendColumns: noStatement
        },
        sessionTables,
        ids,
        (table) => table
      ),
    async exportRun(id, title, file) {
      await needs.session().export({ file, runIds: [id], title, example: false })
    },
    importSession: (file) => needs.session().handlers['session.import']({ file }, context),
    sessionRuns: async (file) =>
      (await needs.session().handlers['session.info']({ file }, context)).runs.map(({ id }) => id),
    async markOrigin(runId, host, version) {
      // A run that its host had from a GPU host says so already.
      if ((await origins.all()).has(runId)) return
      const clock = { offsetMs: null, uncertaintyMs: null }
      await origins.save(runId, { host, machine: host, version, driver: null, clock, restarts: 0 })
    }
  })
}

const noStatement = (): Promise<never> => Promise.reject(new Error('a hash only reads'))
