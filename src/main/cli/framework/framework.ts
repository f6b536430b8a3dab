import { parseArgs } from 'node:util'
import type { Bitbench } from '../../compose'
import { suggestion } from './nearest'

/**
 * The command line: `bitbench <noun> <verb> [positionals] [--options] [--json]`. One file per noun in main/cli; each
 * verb declares its options (node:util parseArgs) and returns a result. Logs go to stderr; stdout carries the text
 * or, with --json, exactly one JSON document. Exit codes: 0 done, 1 failed, 2 usage.
 */
export type OptionSpec = Record<
  string,
  {
    type: 'string' | 'boolean'
    short?: string
    multiple?: boolean
    default?: string | boolean
    help: string
    /** What the help calls the option's value; VALUE without. */
    valueName?: string
  }
>

/** What a verb returns. */
export interface CliResult {
  /** What --json prints. */
  json: unknown
  /** What a person reads; lines without trailing newline. */
  text: string
  /** 1 when the work was done but its verdict is negative (e.g. outputs differ). */
  exitCode?: 0 | 1
}

/** What a verb works with. */
export interface CliContext {
  /** All services, made on first use: `proxy evaluate` must not open the data file. */
  bitbench(): Promise<Bitbench>
  /** Progress and remarks for a person; goes to stderr. */
  log(line: string): void
  /** Aborted by SIGINT (Ctrl-C), SIGTERM or SIGHUP, once the verb takes signals. */
  signal: AbortSignal
  /** From now on a signal aborts `signal` instead of ending the process; `bitbench()` implies it. */
  stopInOrder(): void
  readonly json: boolean
  readonly cwd: string
}

/** A verb of the command line with its options and help. */
export interface CliVerb {
  summary: string
  /** e.g. `FILE… --kernel matmul|conv2d` */
  usage: string
  options: OptionSpec
  /** Lines below the options in the verb's help: a notation explained, an example. */
  notes?: readonly string[]
  run(args: CliArguments, context: CliContext): Promise<CliResult>
}

/** A noun of the command line and its verbs. */
export interface CliNoun {
  noun: string
  verbs: Record<string, CliVerb>
}

/** The arguments of a verb, parsed. */
export interface CliArguments {
  positionals: string[]
  /** Whether they contain a command behind "--". */
  hasCommand: boolean
  values: Record<string, string | boolean | (string | boolean)[] | undefined>
}

/** Wrong usage: reported with the verb's usage line and exit code 2. */
export class UsageError extends Error {}

/** A required or optional text option; undefined when absent. */
export function textOption(args: CliArguments, name: string): string | undefined {
  const value = args.values[name]
  return typeof value === 'string' ? value : undefined
}

/** Parts between commas, without empty ones. */
export function listOption(args: CliArguments, name: string): string[] {
  return (textOption(args, name) ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** The values of an option that may be given again, in their order; empty when absent. */
export function repeatedOption(args: CliArguments, name: string): string[] {
  return [args.values[name] ?? []].flat().filter((value) => typeof value === 'string')
}

/** A number option with range check; undefined when absent. */
export function numberOption(
  args: CliArguments,
  name: string,
  range: { min?: number; max?: number; integer?: boolean } = {}
): number | undefined {
  const text = textOption(args, name)
  if (text === undefined) return undefined
  const value = Number(text)
  const { min = -Infinity, max = Infinity, integer = false } = range
  if (
    text.trim() === '' ||
    !Number.isFinite(value) ||
    value < min ||
    value > max ||
    (integer && !Number.isInteger(value))
  ) {
    throw new UsageError(
      `--${name} must be ${integer ? 'a whole' : 'a'} number from ${min} to ${max}, not "${text}"`
    )
  }
  return value
}

/** One of a closed list; undefined when absent. */
export function choiceOption<const T extends readonly string[]>(
  args: CliArguments,
  name: string,
  choices: T
): T[number] | undefined {
  const text = textOption(args, name)
  if (text === undefined) return undefined
  if (!choices.includes(text))
    throw new UsageError(`--${name} must be one of ${choices.join(', ')}, not "${text}"`)
  return text
}

/** `--results_dir=x` as `--results-dir=x`, where the verb has such an option: scripts are written either way. */
function withDashes(text: string, options: OptionSpec): string {
  const found = /^--([a-z0-9]+(?:_[a-z0-9]+)+)(=.*)?$/.exec(text)
  if (found === null) return text
  const name = (found[1] ?? '').replaceAll('_', '-')
  return name in options ? `--${name}${found[2] ?? ''}` : text
}

/** Options of every verb, as its help lists them. */
export const commonOptions: OptionSpec = {
  json: { type: 'boolean', help: 'one JSON document on stdout, everything else on stderr' },
  data: { type: 'string', help: 'where the data file lies', valueName: 'FOLDER' }
}
const helpOption: OptionSpec = { help: { type: 'boolean', short: 'h', help: 'the options of the verb' } }

/**
 * Splits a command line for one verb.
 * @throws UsageError for unknown options (naming the nearest one), missing values, and words a verb does not take
 */
export function parseVerbArguments(verb: CliVerb, argv: string[]): CliArguments {
  const known: OptionSpec = { ...verb.options, ...commonOptions, ...helpOption }
  try {
    const { positionals, values, tokens } = parseArgs({
      args: argv.map((text) => withDashes(text, verb.options)),
      options: Object.fromEntries(
        Object.entries(known).map(([name, { help: _help, valueName: _valueName, ...spec }]) => [
          name,
          spec as { type: 'string' }
        ])
      ),
      allowPositionals: true,
      strict: true,
      tokens: true
    })
    refuseRepeated(tokens, known)
    // `demo qemu` must not start on another board.
    if (positionals.length > 0 && values['help'] === undefined && !takesWords(verb.usage))
      throw new UsageError(`"${positionals[0]}" has no meaning here: this verb takes options alone.`)
    return {
      positionals,
      hasCommand: argv.includes('--'),
      values: values
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(faultOf(error, Object.keys(known)))
  }
}

/**
 * A note on options of a verb that stand behind "--", where they go to the wrapped command and not to the verb; null without any.
 */
export function behindDashesNote(verb: Pick<CliVerb, 'options'>, argv: readonly string[]): string | null {
  const at = argv.indexOf('--')
  if (at < 0) return null
  const known = new Set(Object.keys({ ...verb.options, ...commonOptions }))
  const own = argv.slice(at + 1).flatMap((word) => {
    const name = /^--([a-z][a-z-]*)(=|$)/.exec(word)?.[1]
    return name !== undefined && known.has(name) ? [`--${name}`] : []
  })
  if (own.length === 0) return null
  const [words, go] = [[...new Set(own)].join(', '), own.length === 1 ? 'goes' : 'go']
  return `Note: ${words} behind "--" ${go} to the command; options of bitbench stand before "--".`
}

/** An option that takes one value would keep the last one and drop the others. @throws UsageError */
function refuseRepeated(tokens: readonly { kind: string; name?: string }[], known: OptionSpec): void {
  const seen = new Set<string>()
  for (const { kind, name } of tokens) {
    if (kind !== 'option' || name === undefined) continue
    const spec = known[name]
    if (seen.has(name) && spec?.type === 'string' && spec.multiple !== true)
      throw new UsageError(`--${name} is given more than once, and takes one value.`)
    seen.add(name)
  }
}

/** Whether a usage names anything beside options and their values. */
function takesWords(usage: string): boolean {
  const rest = usage.replaceAll(/--[a-z][a-z-]*( [^\s[\]-][^\s[\]]*)?/g, '').replaceAll(/[[\]|…\s]/g, '')
  return rest !== ''
}

/** What parseArgs found wrong, in our words where a near option can be named. */
function faultOf(error: unknown, known: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error)
  const unknown = /^Unknown option '-{1,2}([^']+)'/.exec(message)?.[1]
  return unknown === undefined
    ? message
    : `there is no option --${unknown}.${suggestion(unknown, known, '--')}`
}

/** A text option that a verb cannot do without. @throws UsageError when absent, saying how to get a value */
export function requiredOption(args: CliArguments, name: string, hint: string): string {
  const value = textOption(args, name)
  if (value === undefined || value === '') throw new UsageError(`--${name} is needed: ${hint}`)
  return value
}

/** The board a verb works on; the verb's usage says --board BOARD. @throws UsageError when absent */
export const requiredBoard = (args: CliArguments): string =>
  requiredOption(args, 'board', '`bitbench board list` names the boards, e.g. --board virtual:small.')
