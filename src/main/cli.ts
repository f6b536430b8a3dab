import { readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../shared/errors'
import { findVerb, type Asked } from './cli/findVerb'
import { behindDashesNote, parseVerbArguments, UsageError, type CliContext } from './cli/framework/framework'
import { nounText, overviewText, verbText } from './cli/help'
import { cliEntries } from './cli/nouns'
import { createOrderlyStop } from './cli/framework/orderlyStop'
import type { Bitbench } from './compose'
import { defaultDataFolder } from './dataFolder'
import { installFolder } from './paths'

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
  // computes, and would not receive a signal: it is left to end the process at once.
  const open = async (dataFolder: string): Promise<Bitbench> => {
    stop.arm()
    // Loaded when a verb needs it: help, and verbs that work on files alone, do without the services.
    const { asBitbench, findRunningHost } = await import('./cli/framework/runningHost')
    const running = await findRunningHost(dataFolder)
    if (running !== null) return asBitbench(running)
    const { composeBitbench } = await import('./compose')
    return await composeBitbench({ host: 'cli', dataFolder })
  }
  let asked: Asked | undefined
  try {
    asked = await findVerb(argv, cliEntries)
    const shown = shownText(asked)
    if (shown !== null) {
      await writeAll(process.stdout, shown)
      return 0
    }
    const { verb, rest, title } = asked as Asked & { kind: 'verb' }
    const args = parseVerbArguments(verb, rest)
    if (args.values['help'] === true) {
      write(process.stdout, verbText(title, verb))
      return 0
    }
    const note = behindDashesNote(verb, rest)
    if (note !== null) write(process.stderr, note)
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
    const printed = json ? JSON.stringify(result.json, null, 2) : result.text
    // No text is no line either: JSON lines without candidates are an empty file, and an agent's pipe is closed by now.
    if (printed !== '') await writeAll(process.stdout, printed)
    return stop.exitCode() ?? result.exitCode ?? 0
  } catch (reason) {
    const code = await report(reason, json, asked)
    return stop.exitCode() ?? code
  } finally {
    await (await opened?.catch(() => undefined))?.close()
    // Only now: a second signal during the close must still end the process at once.
    stop.disarm()
  }
}

/** The text of a command line that only asks for help or the version; null for one that does something. */
function shownText(asked: Asked): string | null {
  if (asked.kind === 'version') return versionText()
  if (asked.kind === 'overview') return overviewText(cliEntries)
  if (asked.kind === 'noun') return nounText(asked.noun, asked.entry)
  return asked.help ? verbText(asked.title, asked.verb) : null
}

function versionText(): string {
  const manifest = readFileSync(path.join(installFolder, 'package.json'), 'utf8')
  return `bitbench ${(JSON.parse(manifest) as { version: string }).version}`
}

async function report(reason: unknown, json: boolean, asked: Asked | undefined): Promise<number> {
  if (reason instanceof UsageError) {
    const isVerb = asked?.kind === 'verb'
    const next = isVerb
      ? `Usage: bitbench ${asked.title} ${asked.verb.usage}`.trimEnd()
      : '`bitbench --help` lists what there is.'
    write(process.stderr, `bitbench: ${reason.message}\n\n${next}`)
    return 2
  }
  const error = AppError.from(reason)
  write(process.stderr, `${error.message}\n${error.hint}`)
  if (error.code === 'internal' && reason instanceof Error) write(process.stderr, reason.stack ?? '')
  if (json) await writeAll(process.stdout, JSON.stringify({ error: error.toJSON() }, null, 2))
  return 1
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
