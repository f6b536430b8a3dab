import path from 'node:path'
import type { SessionInfo } from '../../shared/contract/session'
import { countOf, formatBytes } from '../../shared/units'
import {
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun
} from './framework/framework'
import { clientOf } from './framework/localClient'
import { localTime } from './framework/localTime'
import { givenRuns, namedRuns, namedRunsOptions, runNote } from './run/namedRun'
import { shownImport } from './sessionImport'

/** `bitbench session`: runs with all they need in one file, for another data folder or machine. */
export const sessionCli: CliNoun = {
  noun: 'session',
  verbs: {
    export: {
      summary: 'Writes runs, and all they need, into one file.',
      usage: 'FILE [--runs RUN,RUN…] [--run RUN]… [--title TEXT]',
      options: {
        ...namedRunsOptions,
        title: { type: 'string', help: 'what the session is about' }
      },
      notes: [runNote],
      async run(args, context) {
        const file = fileOf(args, context)
        const client = await clientOf(context)
        const info = await client.call('session.export', {
          file,
          runIds: await namedRuns(client, givenRuns(args)),
          title: textOption(args, 'title') ?? ''
        })
        return { json: info, text: infoText(info) }
      }
    },
    import: {
      summary: 'Adds the runs of a session file; what is there is not changed.',
      usage: 'FILE',
      options: {},
      async run(args, context) {
        const client = await clientOf(context)
        return shownImport(await client.call('session.import', { file: fileOf(args, context) }))
      }
    },
    info: {
      summary: 'Shows what a session file holds, without importing it.',
      usage: 'FILE',
      options: {},
      async run(args, context) {
        const info = await (await clientOf(context)).call('session.info', { file: fileOf(args, context) })
        return { json: info, text: infoText(info) }
      }
    },
    examples: {
      summary: 'Lists the example sessions; with a name, adds that one.',
      usage: '[NAME]',
      options: {},
      async run(args, context) {
        const client = await clientOf(context)
        const [name] = args.positionals
        if (name !== undefined) return shownImport(await client.call('session.openExample', { name }))
        const { examples } = await client.call('session.examples', {})
        const lines = examples.map(
          (one) => `${one.name.padEnd(12)} ${formatBytes(one.sizeBytes).padStart(9)}  ${one.title}`
        )
        return { json: { examples }, text: lines.length === 0 ? 'No examples.' : lines.join('\n') }
      }
    }
  }
}

function fileOf(args: CliArguments, { cwd }: CliContext): string {
  const [file] = args.positionals
  if (file === undefined) throw new UsageError('a session FILE is missing, e.g. paper.bbsession')
  return path.resolve(cwd, file)
}

function infoText(info: SessionInfo): string {
  const { models } = info
  return [
    `${info.file}, ${formatBytes(info.sizeBytes)}, format ${info.version}, written by Bitbench ${info.writtenBy}`,
    `  ${localTime(info.createdAtMs)}${info.title === '' ? '' : `, ${info.title}`}${info.example ? ' (example)' : ''}`,
    `  ${countOf(info.runs.length, 'run')}, ${countOf(info.rows, 'row')} of measurements and readings`,
    ...info.runs.map(({ id, kind, name, title }) => `  ${kind.padEnd(10)} ${id}  ${name ?? title}`),
    ...models.map(({ name, included }) => `  network    ${name}${included ? '' : ' (not included)'}`),
    ...info.notes.map((note) => `  ${note}`)
  ].join('\n')
}
