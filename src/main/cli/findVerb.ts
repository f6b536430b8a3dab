import { UsageError, type CliNoun, type CliVerb } from './framework/framework'
import { suggestion } from './framework/nearest'
import type { CliEntry } from './nouns'

/** What a command line requests. */
export type Asked =
  | { kind: 'version' }
  | { kind: 'overview' }
  | { kind: 'noun'; noun: CliNoun; entry: CliEntry }
  /** `rest` is what stands behind the verb; `help` where the call is for its options (`bitbench help board list`). */
  | { kind: 'verb'; verb: CliVerb; title: string; rest: string[]; help: boolean }

const isHelp = (word: string | undefined): boolean => word === '--help' || word === '-h'

/**
 * Finds the noun and the verb of a command line; loads the code of that noun alone.
 * @throws UsageError naming the fault and the nearest noun or verb
 */
export async function findVerb(given: readonly string[], entries: readonly CliEntry[]): Promise<Asked> {
  const { common, argv } = withoutLeadingOptions(given)
  const [first, second] = argv
  if (first === undefined || isHelp(first)) return { kind: 'overview' }
  if (first === '--version' || first === '-V' || first === 'version') return { kind: 'version' }
  if (first === 'help') return await asHelp(await findVerb(argv.slice(1), entries))
  if (first.startsWith('-'))
    throw new UsageError(
      `"${first}" goes behind a noun and its verb: bitbench <noun> <verb> ${first} …; only --data and --json may stand in front.`
    )
  const entry = entries.find(({ noun }) => noun === first)
  if (entry === undefined) throw unknownNoun(first, entries)
  const noun = await entry.load()
  // A noun with one verb of its own name (`demo`, `serve`) is called without repeating it.
  const sole = noun.verbs[noun.noun]
  if (sole !== undefined)
    return { kind: 'verb', verb: sole, rest: [...common, ...argv.slice(1)], title: noun.noun, help: false }
  if (isHelp(second)) return { kind: 'noun', noun, entry }
  const names = Object.keys(noun.verbs)
  if (second === undefined)
    throw new UsageError(
      `${first} needs a verb: ${names.join(', ')}; \`bitbench ${first} --help\` explains them.`
    )
  const verb = Object.hasOwn(noun.verbs, second) ? noun.verbs[second] : undefined
  if (verb === undefined)
    throw new UsageError(
      `${first} has no verb "${second}".${suggestion(second, names, `${first} `)} It has ${names.join(', ')}.`
    )
  return { kind: 'verb', verb, rest: [...common, ...argv.slice(2)], title: `${first} ${second}`, help: false }
}

/**
 * Options of every verb that stand in front of the noun or the verb, taken out of the line: `--data FOLDER run list` and
 * `run --json list` mean what they mean behind the verb.
 */
function withoutLeadingOptions(given: readonly string[]): { common: string[]; argv: string[] } {
  const common: string[] = []
  const argv: string[] = []
  let at = 0
  while (at < given.length && argv.length < 2) {
    const word = given[at++]
    if (word === '--json' || word.startsWith('--data=')) common.push(word)
    else if (word === '--data') common.push(word, folderBehind(given[at++]))
    else argv.push(word)
  }
  return { common, argv: [...argv, ...given.slice(at)] }
}

function folderBehind(folder: string | undefined): string {
  if (folder === undefined || folder.startsWith('-'))
    throw new UsageError('--data needs the folder of the data file behind it: --data FOLDER.')
  return folder
}

function unknownNoun(word: string, entries: readonly CliEntry[]): UsageError {
  const owner = entries.find(({ noun, verbs }) => noun !== word && verbs.includes(word))
  const near = suggestion(
    word,
    entries.map(({ noun }) => noun)
  )
  const hint = near === '' && owner !== undefined ? ` Did you mean "${owner.noun} ${word}"?` : near
  return new UsageError(
    `there is no noun "${word}".${hint} There are ${entries.map(({ noun }) => noun).join(', ')}.`
  )
}

async function asHelp(asked: Asked): Promise<Asked> {
  return asked.kind === 'verb' ? { ...asked, help: true } : asked
}
