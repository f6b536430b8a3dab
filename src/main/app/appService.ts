import type { spawn as nodeSpawn } from 'node:child_process'
import type { appContract, Settings } from '../../shared/contract/app'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { Secrets } from '../../core/text/redact'
import type { Job } from '../../shared/contract/job'
import type { LogRing } from './logRing'
import { problemReport } from './problemReport'
import type { SettingsFile } from './settingsFile'
import { findTools } from './tools'

/** What this copy of Bitbench is, what it found on this machine, and its settings. */
export interface AppService {
  settings(): Settings
  handlers: HandlersOf<typeof appContract>
}

/** Returns the service of the program itself: versions, settings, tools. */
export function createAppService(deps: {
  version: string
  host: 'electron' | 'web' | 'cli'
  /** e.g. "linux x64" and "AMD EPYC, 2 cores" */
  platform: string
  machine: string
  dataFolder: string
  settingsFile: SettingsFile
  emit: EmitterOf<typeof appContract>
  spawn: typeof nodeSpawn
  logRing: LogRing
  /** Version of Node, and of Electron where there is one. */
  runtime: string
  /** Jobs of this and earlier processes, oldest first. */
  jobs: () => Job[]
  /** What a report must not hold. */
  secrets: () => Secrets
}): AppService {
  return {
    settings: () => deps.settingsFile.get(),
    handlers: {
      'app.info': async () => ({
        version: deps.version,
        host: deps.host,
        platform: deps.platform,
        machine: deps.machine,
        dataFolder: deps.dataFolder,
        tools: await findTools(deps.spawn)
      }),
      'app.log': async () => ({ lines: deps.logRing.lines() }),
      'app.report': async () => ({
        text: problemReport(
          {
            ...deps,
            settings: deps.settingsFile.get(),
            tools: await findTools(deps.spawn),
            jobs: deps.jobs(),
            lines: deps.logRing.lines()
          },
          deps.secrets()
        )
      }),
      'app.noteFault': async ({ text }) => {
        deps.logRing.write(`Fault in the window: ${text}`)
        return { ok: true }
      },
      'app.settings': async () => deps.settingsFile.get(),
      'app.saveSettings': async (patch) => {
        const settings = await deps.settingsFile.save(patch)
        deps.emit('app.settingsChanged', settings)
        return settings
      }
    }
  }
}
