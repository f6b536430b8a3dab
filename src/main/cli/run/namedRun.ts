import type { Run, RunKindName } from '../../../shared/contract/run'
import { AppError } from '../../../shared/errors'
import { countOf } from '../../../shared/units'
import { listOption, repeatedOption, type CliArguments } from '../framework/framework'
import { isBegun, isNamed, minPrefix } from '../framework/givenName'
import type { LocalClient } from '../framework/localClient'
import { runLine } from './runLine'

const maxShown = 10
const wholeId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What a verb says of its RUN. */
export const runNote = `RUN: its name, its id, or the first ${minPrefix} or more characters of its id: bitbench run list.`

/** Options of verbs that take several runs, or all without any. */
export const namedRunsOptions = {
  runs: { type: 'string', help: 'with commas between; without any, every run', valueName: 'RUN,RUN' },
  run: {
    type: 'string',
    multiple: true,
    help: 'one run, whose name may hold commas; as often as there are runs',
    valueName: 'RUN'
  }
} as const

/** The runs that these options name, as they were written. */
export function givenRuns(args: CliArguments): string[] {
  return [...listOption(args, 'runs'), ...repeatedOption(args, 'run')]
}

/** Which runs a verb takes. */
export interface NamedRunOptions {
  /** Empty or absent: every kind. */
  readonly kinds?: readonly RunKindName[]
  /** With those that were deleted and can be restored. */
  readonly withForgotten?: boolean
}

/**
 * The id of the run that a person named: by its id, by the beginning of its id (4 characters or more) or by its name as
 * `run list` prints it, in which capitals do not matter. A whole id is returned without reading any run.
 * @throws input.notFound, and input.invalid naming the runs where several fit
 */
export async function namedRun(
  client: Pick<LocalClient, 'call'>,
  given: string,
  options: NamedRunOptions = {}
): Promise<string> {
  const [id] = await namedRuns(client, [given], options)
  return id
}

/** The ids of several runs, in the order in which they were named; one listing serves all. @throws as namedRun */
export async function namedRuns(
  client: Pick<LocalClient, 'call'>,
  given: readonly string[],
  { kinds = [], withForgotten = false }: NamedRunOptions = {}
): Promise<string[]> {
  if (given.every((text) => wholeId.test(text))) return [...given]
  const { runs } = await client.call('run.list', { kinds: [...kinds], text: '', withForgotten })
  return given.map((text) => (wholeId.test(text) ? text : onlyRun(runs, text, kinds).id))
}

function onlyRun(runs: readonly Run[], given: string, kinds: readonly RunKindName[]): Run {
  const exact = runs.find(({ id }) => id === given)
  if (exact !== undefined) return exact
  const fitting = runs.filter(({ id, name, title }) => isNamed(name ?? title, given) || isBegun(id, given))
  const [only, second] = fitting
  const list = kinds.length === 1 ? `bitbench run list --kind ${kinds[0]}` : 'bitbench run list'
  if (only === undefined) {
    throw new AppError(
      'input.notFound',
      `There is no ${kinds.length === 1 ? kinds[0] : 'run'} "${given}".`,
      `Give its name, its id, or the first ${minPrefix} or more characters of its id; \`${list}\` shows them.`
    )
  }
  if (second === undefined) return only
  const shown = fitting.slice(0, maxShown).map((run) => `\n  ${runLine(run)}`)
  const more = fitting.length > maxShown ? `\n  … and ${fitting.length - maxShown} more` : ''
  throw new AppError(
    'input.invalid',
    `"${given}" fits ${countOf(fitting.length, 'run')}:${shown.join('')}${more}`,
    'Give more of the id, or name one of them with `bitbench run rename ID NAME`.'
  )
}
