import { runKindSchema } from '../../shared/contract/run'
import { sharedWhatSchema, type SharedRun, type SharedStatus } from '../../shared/contract/shared'
import { AppError } from '../../shared/errors'
import { publishedText, sharedHostText } from '../../shared/text/sharedText'
import { countOf, formatBytes } from '../../shared/units'
import {
  choiceOption,
  listOption,
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun
} from './framework/framework'
import { clientOf, createProgressLine } from './framework/localClient'
import { shownImport } from './sessionImport'
import { givenRuns, namedRuns, namedRunsOptions, runNote } from './run/namedRun'

/** `bitbench shared`: a folder of Parquet in which hosts publish. */
export const sharedCli: CliNoun = {
  noun: 'shared',
  verbs: {
    status: {
      summary: 'Shows the shared folder, the hosts in it, and files that are left out.',
      usage: '',
      options: {},
      async run(_args, context) {
        return shownStatus(await (await clientOf(context)).call('shared.status', {}))
      }
    },
    use: {
      summary: 'Names the shared folder and keeps it for this user.',
      usage: 'FOLDER|s3://BUCKET/FOLDER [--name NAME] [--no-reuse] [--install]',
      options: {
        name: { type: 'string', help: 'under which this host publishes; without it, its host name' },
        'no-reuse': { type: 'boolean', help: 'evaluations here do not use results of other hosts' },
        install: { type: 'boolean', help: "downloads DuckDB's extension httpfs for s3://" }
      },
      notes: [
        'A bucket is read only. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT_URL are used and never stored.',
        'Whoever can write in the folder can falsify what is found there: share it with people you trust.'
      ],
      async run(args, context) {
        const status = await (
          await clientOf(context)
        ).call('shared.use', {
          folder: folderOf(args, context),
          name: textOption(args, 'name') ?? null,
          reuse: args.values['no-reuse'] !== true,
          install: args.values['install'] === true
        })
        return shownStatus(status)
      }
    },
    forget: {
      summary: 'Forgets the shared folder; what is in it stays.',
      usage: '',
      options: {},
      async run(_args, context) {
        const status = await (await clientOf(context)).call('shared.forget', {})
        return { json: status, text: 'No shared folder is named.' }
      }
    },
    publish: {
      summary: 'Writes what is new of this host into the folder.',
      usage: '[--what sessions,samples,recordings,results] [--runs RUN,RUN…] [--run RUN]…',
      options: {
        what: { type: 'string', help: `${sharedWhatSchema.options.join(', ')}; without it, all` },
        ...namedRunsOptions
      },
      notes: [
        'Only runs that ended and were made here. Killed in the middle, the next time goes on.',
        runNote
      ],
      async run(args, context) {
        const client = await clientOf(context)
        const { jobId } = await client.call('shared.publish', {
          what: whatOf(args),
          runIds: await namedRuns(client, givenRuns(args))
        })
        await client.finish(jobId, createProgressLine(context.log, process.stderr))
        const outcome = await client.call('shared.outcome', { jobId })
        return { json: outcome, text: [publishedText(outcome), ...outcome.notes].join('\n') }
      }
    },
    withdraw: {
      summary: 'Takes runs of this host out of the folder; they stay here.',
      usage: 'RUN…',
      options: {},
      async run(args, context) {
        if (args.positionals.length === 0) throw new UsageError('name one run or more')
        const client = await clientOf(context)
        const found = await client.call('shared.withdraw', {
          runIds: await namedRuns(client, args.positionals)
        })
        return { json: found, text: `${countOf(found.withdrawn, 'run')} withdrawn.` }
      }
    },
    runs: {
      summary: 'Lists the runs of other hosts, newest first.',
      usage: '[--host HOST] [--kind K] [--find TEXT] [--limit N]',
      options: {
        host: { type: 'string', help: 'of this host alone' },
        kind: { type: 'string', help: runKindSchema.options.join(', ') },
        find: { type: 'string', help: 'part of name, title, tags, network, board, data set or host' },
        limit: { type: 'string', help: 'most runs', default: '50' }
      },
      async run(args, context) {
        const kind = choiceOption(args, 'kind', runKindSchema.options)
        const found = await (
          await clientOf(context)
        ).call('shared.runs', {
          kinds: kind === undefined ? [] : [kind],
          host: textOption(args, 'host') ?? '',
          text: textOption(args, 'find') ?? '',
          limit: numberOption(args, 'limit', { min: 1, max: 2000, integer: true }) ?? 50
        })
        const lines = found.runs.map(runLine)
        if (found.total > found.runs.length) lines.push(`… of ${countOf(found.total, 'run')}`)
        return { json: found, text: lines.length === 0 ? 'No run of another host.' : lines.join('\n') }
      }
    },
    take: {
      summary: 'Adds runs of another host here, to be shown and compared.',
      usage: 'HOST ID…',
      options: {},
      notes: ['Afterwards: bitbench run compare RUN RUN'],
      async run(args, context) {
        const [host, ...ids] = args.positionals
        if (host === undefined || ids.length === 0)
          throw new UsageError('name a host and its runs; "bitbench shared runs" shows them')
        const imported = await (await clientOf(context)).call('shared.take', { host, ids })
        return shownImport(imported)
      }
    },
    query: {
      summary: 'One SELECT over hosts, runs, samples, readings and results of all hosts.',
      usage: 'SQL [--limit N]',
      options: { limit: { type: 'string', help: 'most rows, at most 2000', default: '200' } },
      notes: [
        'For example: bitbench shared query "SELECT host, kernel, count(*) FROM samples GROUP BY ALL"',
        'DESCRIBE samples lists the columns of a view.'
      ],
      async run(args, context) {
        const [sql, ...more] = args.positionals
        if (sql === undefined || more.length > 0) throw new UsageError('write one SELECT, in quotation marks')
        const limit = numberOption(args, 'limit', { min: 1, max: 2000, integer: true }) ?? 200
        const found = await (await clientOf(context)).call('shared.query', { sql, limit })
        const lines = [found.columns, ...found.rows].map((row) =>
          // Cells come from other hosts; a tab or a line end would be a column or a row of its own.
          row.map((cell) => String(cell ?? '').replace(/\p{Cc}/gu, ' ')).join('\t')
        )
        if (found.more) lines.push(`… more than ${limit} rows`)
        return { json: found, text: lines.join('\n') }
      }
    }
  }
}

function folderOf(args: CliArguments, { cwd }: CliContext): string {
  const [folder, ...more] = args.positionals
  if (folder === undefined || more.length > 0) throw new UsageError('name one FOLDER, or s3://BUCKET/FOLDER')
  return /^(s3|file):\/\//i.test(folder) || folder.startsWith('~') || folder.startsWith('/')
    ? folder
    : `${cwd}/${folder}`
}

function whatOf(args: CliArguments): (typeof sharedWhatSchema.options)[number][] {
  const wanted = listOption(args, 'what')
  if (wanted.length === 0) return [...sharedWhatSchema.options]
  return wanted.map((one) => {
    const found = sharedWhatSchema.safeParse(one)
    if (found.success) return found.data
    throw new UsageError(`--what takes ${sharedWhatSchema.options.join(', ')}, not "${one}"`)
  })
}

function runLine({ host, id, kind, name, title, state, hereAs, sessionBytes }: SharedRun): string {
  const here =
    hereAs === null ? (sessionBytes === null ? ', without its session file' : '') : `, here as ${hereAs}`
  return `${host}  ${kind.padEnd(10)} ${id}  ${name ?? title} (${state}${here})`
}

/** @throws AppError of a folder that cannot be read */
function shownStatus(status: SharedStatus) {
  const { folder, problem, hosts, leftOut, reuse, canPublish, name } = status
  if (problem !== null) throw AppError.from(problem)
  if (folder === null) return { json: status, text: 'No shared folder is named: bitbench shared use FOLDER' }
  const sizeBytes = hosts.reduce((sum, host) => sum + host.sizeBytes, 0)
  return {
    json: status,
    text: [
      `${folder}: ${countOf(hosts.length, 'host')}, ${formatBytes(sizeBytes)} of Parquet`,
      canPublish ? `  published here as ${name}` : '  read only',
      `  results of other hosts are ${reuse ? 'used' : 'not used'} by evaluations here`,
      ...hosts.map((host) => `  ${host.host}${host.isHere ? ' (this one)' : ''}: ${sharedHostText(host)}`),
      ...leftOut.map(({ file, why }) => `  left out: ${file}: ${why}`)
    ].join('\n')
  }
}
