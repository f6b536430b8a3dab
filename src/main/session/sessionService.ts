import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { EmitterOf, HandlersOf } from '../../shared/contract/define'
import type { sessionContract, SessionImport, SessionInfo } from '../../shared/contract/session'
import { AppError } from '../../shared/errors'
import { exportSession, type ExportDeps, type ExportRequest } from './exportSession'
import { importSession, type ImportDeps } from './importSession'
import { inspectSession } from './unpackSession'

/** Ending of a session file. */
export const sessionExtension = '.bbsession'

/** Session files: chosen runs with all they need, carried to another data folder. */
export interface SessionService {
  handlers: HandlersOf<typeof sessionContract>
  /** Like session.export, also for examples. */
  export(request: ExportRequest): Promise<SessionInfo>
}

/** Serves the session commands over the tables that compose names. */
export function createSessionService(
  deps: ExportDeps &
    ImportDeps & {
      emit: EmitterOf<typeof sessionContract>
      /** Sessions that ship with Bitbench. */
      examplesFolder: string
    }
): SessionService {
  const { emit, examplesFolder, scratchFolder } = deps
  /** Imports run one after the other: two of one file would both add it. */
  let importing: Promise<unknown> = Promise.resolve()

  const importFile = (file: string): Promise<SessionImport> => {
    const result = importing.then(async () => {
      await mkdir(scratchFolder, { recursive: true })
      return await importSession(deps, file)
    })
    importing = result.catch(() => undefined)
    return result.then((imported) => {
      emit('session.imported', imported)
      return imported
    })
  }
  const write = async (request: ExportRequest): Promise<SessionInfo> => {
    await mkdir(scratchFolder, { recursive: true })
    return await exportSession(deps, request)
  }
  const exampleFiles = async (): Promise<string[]> =>
    (await readdir(examplesFolder).catch(() => [])).filter((name) => name.endsWith(sessionExtension)).sort()

  return {
    export: write,
    handlers: {
      'session.export': (request) => write({ ...request, example: false }),
      'session.info': ({ file }) => inspectSession(path.resolve(file)),
      'session.import': ({ file }) => importFile(path.resolve(file)),
      'session.examples': async () => ({
        examples: await Promise.all(
          (await exampleFiles()).map(async (name) => {
            const { title, runs, sizeBytes } = await inspectSession(path.join(examplesFolder, name))
            const kinds = [...new Set(runs.map(({ kind }) => kind))]
            return { name: path.basename(name, sessionExtension), title, kinds, sizeBytes }
          })
        )
      }),
      'session.openExample': async ({ name }) => {
        const file = `${name}${sessionExtension}`
        if (!(await exampleFiles()).includes(file))
          throw new AppError(
            'input.notFound',
            `There is no example "${name}".`,
            'List them: bitbench session examples.'
          )
        return await importFile(path.join(examplesFolder, file))
      }
    }
  }
}
