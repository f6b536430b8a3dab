import { createWriteStream, type WriteStream } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { ConsoleChunk } from '../../../shared/contract/board'
import { AppError } from '../../../shared/errors'
import { connect, lineOptions } from './boardLine'
import { numberOption, textOption, type CliContext, type CliVerb } from '../framework/framework'
import { clientOf, createProgressLine, type LocalClient } from '../framework/localClient'

const pollMs = 50

/** `bitbench board console`: the line of any port, with or without a monitor behind it. */
export const boardConsoleVerb: CliVerb = {
  summary:
    'Shows what a board or any serial port sends and sends what is typed, line by line, until Ctrl-C or end of input.',
  usage:
    'BOARD [--baud N] [--seconds S] [--send TEXT] [--send-file FILE [--line-pause MS]] [--hex] [--timestamps] [--capture FILE]',
  options: {
    ...lineOptions,
    seconds: { type: 'string', help: 'end after so long' },
    send: { type: 'string', help: 'send this text first' },
    'send-file': { type: 'string', help: 'then send the bytes of this file, unchanged' },
    'line-pause': { type: 'string', help: 'milliseconds to wait after every line of the file' },
    hex: { type: 'boolean', help: 'show bytes as hex' },
    timestamps: { type: 'boolean', help: 'put the time before each piece' },
    capture: { type: 'string', help: 'write the received bytes to this file, unchanged' },
    raw: { type: 'boolean', help: 'no effect: a console never needs a monitor' }
  },
  async run(args, context) {
    const client = await clientOf(context)
    const seconds = numberOption(args, 'seconds', { min: 0 })
    const captureFile = textOption(args, 'capture')
    const capture =
      captureFile === undefined ? null : await openCapture(path.resolve(context.cwd, captureFile))
    try {
      const { board } = await connect(client, args, false)
      const show = { hex: args.values['hex'] === true, timestamps: args.values['timestamps'] === true }
      const console = new LineConsole(client, board.id, context, show, capture)
      const file = textOption(args, 'send-file')
      const linePauseMs = numberOption(args, 'line-pause', { min: 0, max: 60_000, integer: true }) ?? 0
      const first = {
        text: textOption(args, 'send'),
        file: file === undefined ? undefined : { path: path.resolve(context.cwd, file) },
        linePauseMs
      }
      const received = await console.run(first, seconds)
      return { json: { board: board.id, received }, text: context.json ? received : '' }
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

/** Prints console traffic as it comes and returns all of it. */
class LineConsole {
  private readonly pieces: string[] = []
  private after = 0

  constructor(
    private readonly client: LocalClient,
    private readonly id: string,
    private readonly context: CliContext,
    private readonly show: { hex: boolean; timestamps: boolean },
    private readonly capture: WriteStream | null
  ) {}

  async run(first: FirstSent, seconds: number | undefined): Promise<string> {
    const { context } = this
    let hasEnded = false
    // On a terminal readline edits the line and keeps a history; a pipe is read line by line all the same.
    const input = createInterface({
      input: process.stdin,
      ...(process.stdin.isTTY ? { output: process.stderr, terminal: true, historySize: 500 } : {})
    })
    input.on('line', (line) => void this.send(`${line}\n`))
    // Ctrl-C belongs to the whole command, which frees the board.
    input.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
    input.once('close', () => (hasEnded = true))
    if (first.text !== undefined) await this.send(first.text)
    let fileFailure: unknown = null
    let isSending = first.file !== undefined
    void this.sendFile(first)
      .catch((error: unknown) => (fileFailure = error))
      .finally(() => (isSending = false))
    const endMs = performance.now() + (seconds ?? Infinity) * 1000
    try {
      while (
        !context.signal.aborted &&
        (isSending || (performance.now() < endMs && !(hasEnded && seconds === undefined)))
      ) {
        await this.poll()
        await new Promise((resolve) => setTimeout(resolve, pollMs))
      }
      await this.poll()
    } finally {
      input.close()
      process.stdin.pause()
    }
    if (fileFailure !== null) throw fileFailure
    return this.pieces.join('')
  }

  /** Settles when the file is on its way to the board; the console is shown meanwhile. */
  private async sendFile({ file, linePauseMs }: FirstSent): Promise<void> {
    if (file === undefined) return
    const { jobId } = await this.client.call('board.sendFile', { id: this.id, file, linePauseMs })
    await this.client.finish(jobId, createProgressLine(this.context.log, process.stderr))
  }

  private async send(text: string): Promise<void> {
    try {
      await this.client.call('board.sendText', { id: this.id, text })
    } catch (error) {
      this.context.log(AppError.from(error).message)
    }
  }

  private async poll(): Promise<void> {
    const { chunks } = await this.client.call('board.console', { id: this.id, after: this.after })
    for (const chunk of chunks) {
      this.after = chunk.sequence
      if (chunk.direction === 'note') this.context.log(`-- ${chunk.text}`)
      if (chunk.direction !== 'received') continue
      this.pieces.push(chunk.text)
      this.capture?.write(Buffer.from(chunk.hex, 'hex'))
      if (!this.context.json) process.stdout.write(shownText(chunk, this.show))
    }
  }
}

/** A piece as it is printed: as it came, or as hex, with the time of day (UTC) before it where wanted. */
export function shownText(
  { text, hex, atMs }: Pick<ConsoleChunk, 'text' | 'hex' | 'atMs'>,
  { hex: asHex, timestamps }: { hex: boolean; timestamps: boolean }
): string {
  const body = asHex ? `${(hex.match(/../g) ?? []).join(' ')}\n` : text
  if (!timestamps) return body
  const time = `[${new Date(atMs).toISOString().slice(11, 23)}] `
  return `${time}${body}${body.endsWith('\n') ? '' : '\n'}`
}
