import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { sessionContract, SessionImport, SessionInfo } from '../../shared/contract/session'
import { AppError } from '../../shared/errors'
import { formatBytes } from '../../shared/units'
import { createTurns } from '../../shared/turns'
import { plainFileName } from '../files/plainFileName'
import { exportSession, type ExportDeps, type ExportRequest } from './exportSession'
import { importSession, type ImportDeps } from './importSession'
import { inspectSession } from './unpackSession'

/** Ending of a session file. */
export const sessionExtension = '.bbsession'

/** Largest session handed to a browser, bytes. */
const maxPackedBytes = 128 * 2 ** 20

function tooLargeForBrowser(sizeBytes: number): AppError {
  return new AppError(
    'input.invalid',
    `The session has ${formatBytes(sizeBytes)}; a browser is given at most ${formatBytes(maxPackedBytes)}.`,
    'Choose fewer runs, or write it on the host: bitbench session export FILE.'
  )
}

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
  const turns = createTurns()

  const importFile = async (file: string): Promise<SessionImport> => {
    const imported = await turns.take(async () => {
      await mkdir(scratchFolder, { recursive: true })
      return await importSession(deps, file)
    })
    emit('session.imported', imported)
    return imported
  }
  const write = async (request: ExportRequest): Promise<SessionInfo> => {
    await mkdir(scratchFolder, { recursive: true })
    return await exportSession(deps, request)
  }
  /** Runs `work` with a file of this name that is gone afterwards. */
  const withFile = async <T>(name: string, work: (file: string) => Promise<T>): Promise<T> => {
    await mkdir(scratchFolder, { recursive: true })
    const folder = await mkdtemp(path.join(scratchFolder, 'passing-'))
    try {
      return await work(path.join(folder, name))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  const pack = async (file: string, runIds: readonly string[], title: string) => {
    const info = await write({ file, runIds, title, example: false })
    if (info.sizeBytes > maxPackedBytes) throw tooLargeForBrowser(info.sizeBytes)
    return { info: { ...info, file: path.basename(file) }, base64: (await readFile(file)).toString('base64') }
  }
  return {
    export: write,
    handlers: {
      'session.export': (request) => write({ ...request, example: false }),
      'session.info': ({ file }) => inspectSession(path.resolve(file)),
      'session.import': ({ file }) => importFile(path.resolve(file)),
      'session.pack': ({ runIds, title }) =>
        withFile(`bitbench${sessionExtension}`, (file) => pack(file, runIds, title)),
      'session.receive': ({ name, base64 }) =>
        withFile(plainFileName(path.basename(name) || `session${sessionExtension}`), async (file) => {
          await writeFile(file, Buffer.from(base64, 'base64'), { mode: 0o600 })
          return await importFile(file)
        }),
      ...exampleHandlers(examplesFolder, importFile)
    }
  }
}

/** Sessions that ship with Bitbench. */
function exampleHandlers(
  examplesFolder: string,
  importFile: (file: string) => Promise<SessionImport>
): Pick<HandlersOf<typeof sessionContract>, 'session.examples' | 'session.openExample'> {
  const exampleFiles = async (): Promise<string[]> =>
    (await readdir(examplesFolder).catch(() => [])).filter((name) => name.endsWith(sessionExtension)).sort()
  return {
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
