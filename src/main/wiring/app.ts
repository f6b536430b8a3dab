import { readFileSync } from 'node:fs'
import { arch, cpus, homedir, hostname, platform, release, tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { createAppService, type AppService } from '../app/appService'
import { createFileService, type FileService } from '../file/fileService'
import { createRecentFiles } from '../file/recentFiles'
import type { Uploads } from '../file/uploads'
import { installFolder } from '../paths'
import type { ComposeOptions, Foundation } from './foundation'

/** The app itself: version, machine, settings, log and problem report. */
export function connectApp(foundation: Foundation, version: string): AppService {
  const { host, dataFolder, settingsFile, emitter, spawn, logRing, jobHistory } = foundation
  return createAppService({
    version,
    host,
    platform: `${platform()} ${arch()} ${release()}`,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads`,
    dataFolder,
    settingsFile,
    emit: emitter(),
    spawn,
    logRing,
    runtime: Object.entries(process.versions)
      .filter(([name]) => ['node', 'electron', 'chrome'].includes(name))
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    jobs: () => jobHistory?.list() ?? [],
    secrets: () => ({
      folders: [homedir(), dataFolder, installFolder, tmpdir(), process.cwd()],
      // With the name in its domain, and without.
      names: [...userNames(), hostname(), hostname().replace(/\..*$/, '')],
      tokens: foundation.store.tokens()
    })
  })
}

/** Names of whoever runs this, also behind sudo; a process may run as a user without a name. */
function userNames(): string[] {
  const { USER, LOGNAME, USERNAME, SUDO_USER } = process.env
  const named = [USER, LOGNAME, USERNAME, SUDO_USER].filter((name) => name !== undefined)
  try {
    return [userInfo().username, ...named]
  } catch {
    return named
  }
}

/** Files that a person names, opens or uploads. */
export function connectFiles(
  { dataFolder, nowMs, emitter }: Foundation,
  { dialogs, desktopRecent }: ComposeOptions,
  uploads: Uploads,
  usedPaths: () => Promise<string[]>
): FileService {
  return createFileService({
    dialogs: dialogs ?? null,
    desktopRecent: desktopRecent ?? null,
    recent: createRecentFiles(path.join(dataFolder, 'recentFiles.json')),
    ...{ uploads, nowMs, usedPaths },
    emit: emitter()
  })
}

/** The version in package.json. */
export function readVersion(): string {
  return (JSON.parse(readFileSync(path.join(installFolder, 'package.json'), 'utf8')) as { version: string })
    .version
}
