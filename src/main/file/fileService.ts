import type { fileContract } from '../../shared/contract/file'
import type { ArgumentsOf, EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import { AppError } from '../../shared/errors'
import { hostPath } from './homePath'
import { inspectPath } from './inspectPath'
import type { RecentFiles } from './recentFiles'
import { maxUploadBytes, maxUploadsBytes, type Uploads } from './uploads'

/** The system's file dialogs; only a desktop window has them. */
export interface FileDialogs {
  /** Null: the user cancelled. */
  pick(request: ArgumentsOf<(typeof fileContract.commands)['file.pick']>): Promise<string | null>
}

/** What a person opens: paths, dialogs, recent files, uploads, files from the desktop. */
export interface FileService {
  /** Keeps paths the desktop handed over until a window takes them. */
  hand(paths: readonly string[]): void
  handlers: HandlersOf<typeof fileContract>
}

/** What a desktop shows of files opened before: the Dock, the task bar. */
export interface DesktopRecent {
  add(file: string): void
  clear(): void
}

/** More paths than this at once are cut: a desktop hands over a few. */
const maxHanded = 50

/** Returns the service behind file fields, drops and uploads. */
export function createFileService(deps: {
  dialogs: FileDialogs | null
  recent: RecentFiles
  uploads: Uploads
  nowMs: () => number
  emit: EmitterOf<typeof fileContract>
  /** Files in use, whose uploads are kept. */
  usedPaths: () => Promise<string[]>
  /** The desktop's own list of recent documents; null where there is none. */
  desktopRecent?: DesktopRecent | null
}): FileService {
  const { dialogs, recent, uploads, nowMs, emit, usedPaths, desktopRecent } = deps
  let handed: string[] = []
  return {
    hand(paths) {
      handed = [...handed, ...paths].slice(0, maxHanded)
      if (handed.length > 0) emit('file.handed', { ok: true })
    },
    handlers: {
      'file.inspect': async ({ path }) => ({ file: await inspectPath(path) }),
      'file.pick': async (request) => {
        if (dialogs === null) {
          throw new AppError(
            'input.unsupported',
            'This host has no file dialog.',
            'Type the path, or choose a file in the browser: it is sent here.'
          )
        }
        return { path: await dialogs.pick(request) }
      },
      'file.recent': async () => ({ files: await recent.list() }),
      'file.remember': async ({ path, kind }) => {
        const file = hostPath(path)
        desktopRecent?.add(file)
        return { files: await recent.remember({ path: file, kind, openedAtMs: nowMs() }) }
      },
      'file.forget': async ({ path }) => {
        const files = await recent.forget(path)
        // A desktop's list is only emptied as a whole.
        desktopRecent?.clear()
        for (const one of [...files].reverse()) desktopRecent?.add(one.path)
        return { files }
      },
      'file.uploads': async () => ({
        ...(await uploads.usage()),
        maxFileBytes: maxUploadBytes,
        maxTotalBytes: maxUploadsBytes
      }),
      'file.clearUploads': async () => ({ deleted: await uploads.clear(await usedPaths()) }),
      'file.takeHanded': async () => {
        const paths = handed
        handed = []
        return { paths }
      }
    }
  }
}
