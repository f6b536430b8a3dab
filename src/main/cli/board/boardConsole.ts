import { createWriteStream, type WriteStream } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../../shared/errors'
import { connect, lineOptions } from './boardLine'
import { openKeys, openPipe, openTerminal, type ConsoleInput } from './console/consoleInput'
import { type ConsoleView, createConsoleView } from './console/consoleView'
import { TypedTexts } from './console/typedTexts'
import {
  choiceOption,
  numberOption,
  textOption,
  UsageError,
  type CliContext,
  type CliVerb
} from '../framework/framework'
import { clientOf, createProgressLine, type LocalClient } from '../framework/localClient'

const pollMs = 50
const lineEnds = { lf: '\n', cr: '\r', crlf: '\r\n' } as const

/** `bitbench board console`: the line of any port, with or without a monitor behind it. */
export const boardConsoleVerb: CliVerb = {
  summary:
    'Shows what a board or any serial port sends and sends what is typed, line by line, until Ctrl-C or end of input.',
  usage:
    'BOARD [--baud N] [--seconds S] [--send TEXT] [--send-file FILE [--line-pause MS]] [--keys|--line-end lf|cr|crlf] [--hex] [--timestamps] [--capture FILE]',
  options: {
    ...lineOptions,
    seconds: { type: 'string', help: 'end after so long' },
    send: { type: 'string', help: 'send this text first' },
    'send-file': { type: 'string', help: 'then send the bytes of this file, unchanged' },
    'line-pause': { type: 'string', help: 'milliseconds to wait after every line of the file' },
    keys: {
      type: 'boolean',
      help: 'send every key at once, Ctrl-C too, to a board that edits lines itself; Ctrl-] ends'
    },
    'line-end': { type: 'string', help: 'what follows a typed line', default: 'lf' },
    hex: { type: 'boolean', help: 'show rows of 16 bytes in hex and as characters' },
    timestamps: { type: 'boolean', help: 'put the time before each line' },
    capture: { type: 'string', help: 'write the received bytes to this file, unchanged' },
    raw: { type: 'boolean', help: 'no effect: a console never needs a monitor' }
  },
  async run(args, context) {
    const typing = {
      keys: args.values['keys'] === true,
      lineEnd: lineEnds[choiceOption(args, 'line-end', ['lf', 'cr', 'crlf']) ?? 'lf']
    }
    if (typing.keys && !process.stdin.isTTY)
      throw new UsageError('--keys needs a terminal; what comes from a pipe or a file is sent line by line')
    const client = await clientOf(context)
    const seconds = numberOption(args, 'seconds', { min: 0 })
    const captureFile = textOption(args, 'capture')
    const capture =
      captureFile === undefined ? null : await openCapture(path.resolve(context.cwd, captureFile))
    try {
      const { board } = await connect(client, args, false)
      const show = { hex: args.values['hex'] === true, timestamps: args.values['timestamps'] === true }
      const console = new LineConsole(client, board.id, context, { ...show, ...typing }, capture)
      const file = textOption(args, 'send-file')
      const linePauseMs = numberOption(args, 'line-pause', { min: 0, max: 60_000, integer: true }) ?? 0
      const first = {
        text: textOption(args, 'send'),
        file: file === undefined ? undefined : { path: path.resolve(context.cwd, file) },
        linePauseMs
      }
      const received = await console.run(first, seconds)
      return { json: { board: board.id, received }, text: '' }
    } finally {
      await new Promise<void>((resolve) => (capture === null ? resolve() : capture.end(resolve)))
    }
  }
}

/** @throws input.invalid when the file cannot be written */
async function openCapture(file: string): Promise<WriteStream> {
  const stream = createWriteStream(file)
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', (cause) =>
      reject(
        new AppError(
          'input.invalid',
          `${file} cannot be written: ${cause.message}`,
          'Choose a file in a folder of yours.'
        )
      )
    )
  })
  return stream
}

/** What is sent before anything is typed. */
interface FirstSent {
  text: string | undefined
  file: { path: string } | undefined
  linePauseMs: number
}

/** How a console shows what comes and takes what is typed. */
interface ConsoleManner {
  hex: boolean
  timestamps: boolean
  keys: boolean
  lineEnd: string
}

/** Prints console traffic as it comes and, for --json, returns all of it. */
class LineConsole {
  private readonly pieces: string[] = []
  private after = 0
  private hasEnded = false
  private readonly typed: TypedTexts
  private readonly view: ConsoleView
  private input: ConsoleInput | null = null

  constructor(
    private readonly client: LocalClient,
    private readonly id: string,
    private readonly context: CliContext,
    private readonly manner: ConsoleManner,
    private readonly capture: WriteStream | null
  ) {
    this.view = createConsoleView(manner)
    this.typed = new TypedTexts({
      send: (text) => client.call('board.sendText', { id, text }),
      failed: (error) => this.note(AppError.from(error).message),
      signal: context.signal
    })
  }

  async run(first: FirstSent, seconds: number | undefined): Promise<string> {
    const { context } = this
    this.input = this.openInput()
    if (first.text !== undefined) await this.typed.add(first.text)
    let fileFailure: unknown = null
    let isSending = first.file !== undefined
    void this.sendFile(first)
      .catch((error: unknown) => (fileFailure = error))
      .finally(() => (isSending = false))
    const endMs = performance.now() + (seconds ?? Infinity) * 1000
    // What the board says is shown as long as lines of a pipe are on their way to it.
    const isInputDone = (): boolean => this.hasEnded && this.typed.waiting === 0
    try {
      while (
        !context.signal.aborted &&
        (isSending || (performance.now() < endMs && !(isInputDone() && seconds === undefined)))
      ) {
        await this.poll()
        await new Promise((resolve) => setTimeout(resolve, pollMs))
      }
      await this.typed.settled()
      await this.poll()
    } finally {
      this.input.close()
      process.stdin.pause()
    }
    if (fileFailure !== null) throw fileFailure
    return this.pieces.join('')
  }

  private openInput(): ConsoleInput {
    const { stdin: input, stdout: output } = process
    const { lineEnd, keys } = this.manner
    const events = {
      send: (text: string) => void this.typed.add(text),
      // Ctrl-C belongs to the whole command, which frees the board.
      interrupt: () => process.kill(process.pid, 'SIGINT'),
      end: () => (this.hasEnded = true)
    }
    if (keys) return openKeys({ input, output }, events)
    const isTerminal = input.isTTY && output.isTTY && process.env['TERM'] !== 'dumb' && !this.context.json
    if (isTerminal) return openTerminal({ input, output }, lineEnd, events)
    return openPipe({ input, output, note: (text) => this.context.log(text) }, lineEnd, events)
  }

  /** Settles when the file is on its way to the board; the console is shown meanwhile. */
  private async sendFile({ file, linePauseMs }: FirstSent): Promise<void> {
    if (file === undefined) return
    const { jobId } = await this.client.call('board.sendFile', { id: this.id, file, linePauseMs })
    await this.client.finish(jobId, createProgressLine(this.context.log, process.stderr))
  }

  private note(text: string): void {
    if (this.input === null) this.context.log(text)
    else this.input.note(text)
  }

  private async poll(): Promise<void> {
    const { chunks } = await this.client.call('board.console', { id: this.id, after: this.after })
    for (const chunk of chunks) {
      this.after = chunk.sequence
      if (chunk.direction === 'note') this.note(`-- ${chunk.text}`)
      if (chunk.direction !== 'received') continue
      this.capture?.write(Buffer.from(chunk.hex, 'hex'))
      if (this.context.json) this.pieces.push(chunk.text)
      else this.input?.show(this.view(chunk))
    }
  }
}
