import { createInterface } from 'node:readline/promises'
import { runKindSchema, type Run } from '../../../shared/contract/run'
import { boardPrefix } from '../../../shared/contract/run/runComparison'
import { boardNamer } from '../../../shared/text/boardName'
import { fromText } from '../../../shared/text/runText'
import { unavailable } from '../../../shared/units'
import {
  choiceOption,
  repeatedOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun,
  type CliVerb
} from '../framework/framework'
import { clientOf, createProgressLine, type LocalClient } from '../framework/localClient'
import { localTime } from '../framework/localTime'
import { namedRun, namedRuns, runNote, type NamedRunOptions } from './namedRun'
import { comparisonText } from './runComparisonText'
import { runLine } from './runLine'

const kinds = runKindSchema.options
const anyRun = { withForgotten: true }

/** `bitbench run`: stored runs of every kind, as the Runs page shows them. */
export const runCli: CliNoun = {
  noun: 'run',
  verbs: {
    list: {
      summary: 'Lists runs of every kind, newest first.',
      usage: `[--kind ${kinds.join('|')}] [--text PART] [--all]`,
      options: {
        kind: { type: 'string', help: kinds.join(', ') },
        text: { type: 'string', help: 'part of the name, title, notes or a tag' },
        all: { type: 'boolean', help: 'with those that were deleted and can be restored' }
      },
      async run(args, context) {
        const kind = choiceOption(args, 'kind', kinds)
        const { runs } = await (
          await clientOf(context)
        ).call('run.list', {
          kinds: kind === undefined ? [] : [kind],
          text: textOption(args, 'text') ?? '',
          withForgotten: args.values['all'] === true
        })
        return { json: { runs }, text: runs.length === 0 ? 'No runs.' : runs.map(runLine).join('\n') }
      }
    },
    show: oneRunVerb('Shows a run with its notes.', (client, id) => client.call('run.get', { id }), anyRun),
    compare: {
      summary: 'Compares two or more runs of one kind with the first of them.',
      usage: 'RUN RUN…',
      options: {},
      notes: [runNote],
      async run(args, context) {
        const client = await clientOf(context)
        if (args.positionals.length < 2) throw new UsageError('run compare needs two or more runs')
        const areBoards = args.positionals.every((text) => text.startsWith(boardPrefix))
        const ids = areBoards ? args.positionals : await namedRuns(client, args.positionals)
        const compared = await client.call('run.compare', { ids })
        return { json: compared, text: comparisonText(compared) }
      }
    },
    resume: {
      summary: 'Goes on with an interrupted or cancelled run; what it finished is not done again.',
      usage: 'RUN',
      options: {},
      run: resume
    },
    rename: {
      summary: 'Names a run; without a name, takes its name away.',
      usage: 'RUN [NAME]',
      options: {},
      async run(args, context) {
        const name = args.positionals.slice(1).join(' ')
        const client = await clientOf(context)
        const id = await namedRun(client, givenRun(args), anyRun)
        return await shown(client, (await client.call('run.rename', { id, name })).run)
      }
    },
    note: {
      summary: 'Replaces the notes of a run, its tags or both.',
      usage: 'RUN [TEXT] [--tag TAG]…',
      options: { tag: { type: 'string', multiple: true, help: 'a tag; several replace all tags' } },
      async run(args, context) {
        const [given, ...words] = [givenRun(args), ...args.positionals.slice(1)]
        const tags = repeatedOption(args, 'tag')
        if (words.length === 0 && tags.length === 0)
          throw new UsageError('run note needs a text or --tag TAG')
        const client = await clientOf(context)
        const { run } = await client.call('run.annotate', {
          id: await namedRun(client, given, anyRun),
          ...(words.length === 0 ? {} : { notes: words.join(' ') }),
          ...(tags.length === 0 ? {} : { tags })
        })
        return await shown(client, run)
      }
    },
    remove: {
      summary: 'Deletes a run; `run restore` brings it back until a window or server closes.',
      usage: 'RUN [--yes] [--for-good]',
      options: {
        yes: { type: 'boolean', help: 'do not ask' },
        'for-good': { type: 'boolean', help: 'remove it at once, beyond restoring' }
      },
      run: remove
    },
    restore: oneRunVerb(
      'Brings a deleted run back.',
      (client, id) => client.call('run.restore', { id }),
      anyRun
    )
  }
}

/** Waits for the run's end, as the verb that started it did. @throws job.notResumable, and the job's own error */
async function resume(args: CliArguments, context: CliContext) {
  const given = givenRun(args)
  const client = await clientOf(context)
  const id = await namedRun(client, given)
  const { jobId } = await client.call('run.resume', { id })
  await client.finish(jobId, createProgressLine(context.log, process.stderr))
  return await shown(client, (await client.call('run.get', { id })).run)
}

async function remove(args: CliArguments, context: CliContext) {
  const given = givenRun(args)
  const client = await clientOf(context)
  const id = await namedRun(client, given, anyRun)
  const { run } = await client.call('run.get', { id })
  if (args.values['yes'] !== true && !(await confirmed(`Delete ${run.kind} "${run.name ?? run.title}"?`))) {
    return { json: { run }, text: 'Kept.', exitCode: 1 as const }
  }
  const forgotten = run.forgotten ? { run } : await client.call('run.forget', { id })
  if (args.values['for-good'] === true) {
    await client.call('run.remove', { id })
    return { json: { removed: id }, text: `Removed ${id} for good.` }
  }
  return { json: forgotten, text: `Deleted; bring it back with: bitbench run restore ${id}` }
}

/** Asks on a terminal; a script has to say --yes. */
async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('run remove asks first; in a script give --yes')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}

function oneRunVerb(
  summary: string,
  act: (client: LocalClient, id: string) => Promise<{ run: Run }>,
  which: NamedRunOptions
): CliVerb {
  return {
    summary,
    usage: 'RUN',
    options: {},
    notes: [runNote],
    async run(args, context) {
      const given = givenRun(args)
      const client = await clientOf(context)
      return await shown(client, (await act(client, await namedRun(client, given, which))).run)
    }
  }
}

function givenRun(args: CliArguments): string {
  const [given] = args.positionals
  if (given === undefined) throw new UsageError('a run is missing; `bitbench run list` shows them')
  return given
}

/** A run as a person reads it, with the name of its board. */
async function shown(client: LocalClient, run: Run): Promise<{ json: unknown; text: string }> {
  const { boards } = run.board === null ? { boards: [] } : await client.call('board.list', {})
  const rows: [string, string][] = [
    ['Run', `${run.kind} ${run.id}`],
    ['Name', run.name ?? '–'],
    ['What', run.title],
    ['State', run.forgotten ? `${run.state}, deleted` : run.state],
    ['Result', run.problem ?? run.detail],
    ['Started', localTime(run.startedAtMs)],
    ['Network', run.model ?? unavailable],
    ['Board', run.board === null ? unavailable : boardNamer(boards)(run.board)],
    ['Data set', run.dataSet ?? unavailable],
    ...(run.imported === null ? [] : [['From', fromText(run.imported)] satisfies [string, string]]),
    ['Tags', run.tags.join(', ') || '–'],
    ['Notes', run.notes || '–']
  ]
  return { json: { run }, text: rows.map(([label, value]) => `${label.padEnd(8)} ${value}`).join('\n') }
}
