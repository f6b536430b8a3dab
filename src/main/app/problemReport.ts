import { redact, type Secrets } from '../../core/text/redact'
import type { LogLine, Settings, Tool } from '../../shared/contract/app'
import type { Job } from '../../shared/contract/job'

/** What a report is made from. */
export interface ReportSource {
  version: string
  host: string
  platform: string
  machine: string
  /** Version of Node, and of Electron where there is one. */
  runtime: string
  settings: Settings
  tools: readonly Tool[]
  /** Newest last. */
  jobs: readonly Job[]
  lines: readonly LogLine[]
}

/** Log lines and failed jobs of a report at most. */
const maxLines = 200
const maxJobs = 20

/**
 * A report on a problem that can be pasted in public: versions, settings without paths, tools, failed jobs, the last log
 * lines; without tokens, paths, and names of user and machine.
 */
export function problemReport(source: ReportSource, secrets: Secrets): string {
  const { settings } = source
  const failed = source.jobs.filter(({ state }) => state === 'failed').slice(-maxJobs)
  const sections = [
    `Bitbench ${source.version} (${source.host}), ${source.runtime}`,
    `${source.platform}; ${source.machine}`,
    '',
    `Settings: theme ${settings.theme}, ${settings.workers} workers, board of the guided run ` +
      `${settings.defaultBoard.startsWith('virtual:') ? settings.defaultBoard : 'own'}, nvidia-smi ` +
      `${settings.nvidiaSmiPath === null ? 'looked for on the PATH' : 'named by its path'}, page ${settings.workspace.page ?? 'none'}`,
    `Tools: ${source.tools.map(({ name, path, version }) => `${name} ${path === null ? 'absent' : (version ?? 'of unknown version')}`).join(', ')}`,
    '',
    `Failed jobs: ${failed.length === 0 ? 'none' : ''}`,
    ...failed.map(
      ({ kind, title, error }) => `- ${kind} "${title}": ${error?.code ?? 'no code'}: ${error?.message ?? ''}`
    ),
    '',
    `Last ${Math.min(maxLines, source.lines.length)} log lines:`,
    ...source.lines.slice(-maxLines).map(({ atMs, text }) => `${new Date(atMs).toISOString()} ${text}`)
  ]
  return sections.map((line) => redact(line, secrets)).join('\n')
}
