import { createInterface, type Interface } from 'node:readline'
import { EchoFilter } from './echoFilter'

/** Streams of a terminal. */
export interface TerminalStreams {
  input: NodeJS.ReadableStream
  output: NodeJS.WritableStream
}

/** What a person does at the terminal. */
export interface TerminalEvents {
  line(text: string): void
  /** Ctrl-C. */
  interrupt(): void
  /** Ctrl-D, or the terminal went away. */
  end(): void
}

const historyLines = 500
/** An unfinished line of the board longer than this is broken: no prompt is that long. */
const maxPromptCharacters = 1_000

/**
 * A terminal where a line is edited, with history, while a board sends: what comes is written above the line, and the
 * board's unfinished line (its prompt) stands before it. Echoes of sent lines are not shown twice.
 */
export class ConsoleTerminal {
  private readonly lines: Interface
  private readonly echo = new EchoFilter()
  /** What the board sent since its last line end. */
  private unfinished = ''
  private isClosed = false

  constructor(
    private readonly streams: TerminalStreams,
    events: TerminalEvents
  ) {
    this.lines = createInterface({ ...streams, terminal: true, historySize: historyLines, prompt: '' })
    this.lines.on('line', (line) => {
      // readline went to the next row: the prompt and the line stay above.
      this.unfinished = ''
      this.lines.setPrompt('')
      this.echo.expect(line)
      events.line(line)
    })
    this.lines.on('SIGINT', () => events.interrupt())
    this.lines.once('close', () => {
      this.isClosed = true
      events.end()
    })
  }

  /** Shows text of the board. */
  show(text: string): void {
    this.write(this.echo.pass(text))
  }

  /** Shows a remark on a row of its own. */
  note(text: string): void {
    const before = this.unfinished
    this.unfinished = ''
    this.write(`${text}\n`)
    this.unfinished = before
    this.prompt()
  }

  close(): void {
    this.lines.close()
  }

  private write(text: string): void {
    if (text === '') return
    // After Ctrl-D nothing is typed any more, and a closed readline must not read again.
    if (this.isClosed) return void this.streams.output.write(text)
    const all = this.unfinished + text
    const end = all.lastIndexOf('\n') + 1
    const rest = all.slice(end)
    const isBroken = rest.length > maxPromptCharacters
    const finished = isBroken ? `${all}\n` : all.slice(0, end)
    this.unfinished = isBroken ? '' : rest
    this.prompt(finished)
  }

  /** Writes whole lines in place of the edited line, which then stands below them as it was. */
  private prompt(above = ''): void {
    if (this.isClosed) return
    // readline keeps no interface to hide its line; these two of its documented fields are all that it draws from.
    const edited = this.lines as { line: string; cursor: number }
    const { line, cursor } = edited
    edited.line = ''
    edited.cursor = 0
    this.lines.setPrompt('')
    this.lines.prompt(true)
    this.streams.output.write(above)
    // A carriage return begins the row again (progress in per cent): readline counts columns from the start of the prompt.
    const shown = this.unfinished.replace(/\r+$/, '')
    this.lines.setPrompt(shown.slice(shown.lastIndexOf('\r') + 1))
    edited.line = line
    edited.cursor = cursor
    this.lines.prompt(true)
  }
}
