import path from 'node:path'
import { AppError } from '../shared/errors'
import { parseVerbArguments, UsageError, type CliContext, type CliNoun, type CliVerb } from './cli/framework'
import { cliNouns } from './cli/nouns'
import { createOrderlyStop } from './cli/orderlyStop'
import { asBitbench, findRunningHost } from './cli/runningHost'
import { composeBitbench, type Bitbench } from './compose'
import { defaultDataFolder } from './dataFolder'

/**
 * Command line entry: finds noun and verb, parses, runs, prints. Logs go to stderr; stdout carries the text or, with
 * --json, exactly one JSON document. Returns the exit code: 0 done, 1 failed, 2 usage, 128 plus the number of the signal
 * that stopped it.
 */
export async function main(argv: string[]): Promise<number> {
  // What stands behind "--" belongs to a wrapped command (gpu record -- bench.py --json).
  const wrappedAt = argv.indexOf('--')
  const json = (wrappedAt < 0 ? argv : argv.slice(0, wrappedAt)).includes('--json')
  const stop = createOrderlyStop((line) => process.stderr.write(`\n${line}\n`))
  let opened: Promise<Bitbench> | undefined
  // Only what was opened has to be closed in order. A verb that works on files alone blocks the event loop while it
  // computes, and would never hear of a signal: it is left to end the process at once.
  const open = async (dataFolder: string): Promise<Bitbench> => {
    stop.arm()
    const running = await findRunningHost(dataFolder)
    return running === null ? composeBitbench({ host: 'cli', dataFolder }) : asBitbench(running)
  }
  try {
    const found = findVerb(argv)
    if (found === undefined) {
      const isHelp = argv.length === 0 || argv.includes('--help') || argv.includes('-h')
      write(isHelp ? process.stdout : process.stderr, overview(argv[0]))
      return isHelp && (argv.length === 0 || argv[0]?.startsWith('-') === true || knownNoun(argv[0])) ? 0 : 2
    }
    const { verb, rest, title } = found
    const args = parseVerbArguments(verb, rest)
    if (args.values['help'] === true) {
      write(process.stdout, verbHelp(title, verb))
      return 0
    }
    const { data } = args.values
    const dataFolder = typeof data === 'string' ? path.resolve(data) : defaultDataFolder()
    const context: CliContext = {
      bitbench: () => (opened ??= open(dataFolder)),
      log: (line) => write(process.stderr, line),
      signal: stop.signal,
      stopInOrder: () => stop.arm(),
      json,
      cwd: process.cwd()
    }
    const result = await verb.run(args, context)
    await writeAll(process.stdout, json ? JSON.stringify(result.json, null, 2) : result.text)
    return stop.exitCode() ?? result.exitCode ?? 0
  } catch (reason) {
    const code = await report(reason, json, argv)
    return stop.exitCode() ?? code
  } finally {
    await (await opened?.catch(() => undefined))?.close()
    // Only now: a second signal during the close must still end the process at once.
    stop.disarm()
  }
}

function findVerb(argv: string[]): { verb: CliVerb; rest: string[]; title: string } | undefined {
  const noun = cliNouns.find((candidate) => candidate.noun === argv[0])
  if (noun === undefined) return undefined
  // A noun with one verb of its own name (`demo`, `serve`) is called without repeating it.
  const sole = noun.verbs[noun.noun]
  if (sole !== undefined) return { verb: sole, rest: argv.slice(1), title: noun.noun }
  const name = argv[1]
  const verb = name !== undefined && Object.hasOwn(noun.verbs, name) ? noun.verbs[name] : undefined
  return verb === undefined ? undefined : { verb, rest: argv.slice(2), title: `${noun.noun} ${name}` }
}

const knownNoun = (name: string | undefined): boolean => cliNouns.some((noun) => noun.noun === name)

async function report(reason: unknown, json: boolean, argv: string[]): Promise<number> {
  if (reason instanceof UsageError) {
    const found = findVerb(argv)
    write(process.stderr, `${reason.message}\n`)
    if (found !== undefined) write(process.stderr, `Usage: bitbench ${found.title} ${found.verb.usage}`)
    return 2
  }
  const error = AppError.from(reason)
  write(process.stderr, `${error.message}\n${error.hint}`)
  if (error.code === 'internal' && reason instanceof Error) write(process.stderr, reason.stack ?? '')
  if (json) await writeAll(process.stdout, JSON.stringify({ error: error.toJSON() }, null, 2))
  return 1
}

function overview(asked: string | undefined): string {
  const nouns =
    asked !== undefined && knownNoun(asked) ? cliNouns.filter((noun) => noun.noun === asked) : cliNouns
  const lines = ['Usage: bitbench <noun> <verb> [options] [--json] [--data FOLDER]', '']
  for (const noun of nouns) {
    lines.push(`${noun.noun}: ${(noun as CliNoun).summary}`)
    for (const [name, verb] of Object.entries(noun.verbs)) {
      lines.push(
        `  ${name === noun.noun ? name : `${noun.noun} ${name}`} ${verb.usage}`,
        `      ${verb.summary}`
      )
    }
  }
  return lines.join('\n')
}

function verbHelp(title: string, verb: CliVerb): string {
  const options = Object.entries(verb.options).map(([name, option]) => {
    const value = option.type === 'string' ? ' VALUE' : ''
    const fallback = option.default === undefined ? '' : ` (default ${String(option.default)})`
    return `  --${name}${value}\n      ${option.help}${fallback}`
  })
  return [
    `Usage: bitbench ${title} ${verb.usage}`,
    '',
    verb.summary,
    '',
    ...options,
    '  --json\n      one JSON document on stdout, everything else on stderr',
    '  --data FOLDER\n      where the data file lies'
  ].join('\n')
}

function write(stream: NodeJS.WriteStream, text: string): void {
  stream.write(text.endsWith('\n') ? text : `${text}\n`)
}

/** Waits until a pipe took everything: a large JSON document must not be cut when the process ends. */
async function writeAll(stream: NodeJS.WriteStream, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    stream.write(text.endsWith('\n') ? text : `${text}\n`, (error) => (error ? reject(error) : resolve()))
  )
}
