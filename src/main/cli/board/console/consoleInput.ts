import { createInterface } from 'node:readline'
import { ConsoleTerminal, type TerminalStreams } from './consoleTerminal'

/** Where a person types and where they see what the board sends. */
export interface ConsoleInput {
  /** Shows what the board sent. */
  show(text: string): void
  /** Shows a remark. */
  note(text: string): void
  close(): void
}

/** What becomes of what is typed. */
export interface ConsoleInputEvents {
  send(text: string): void
  /** Ctrl-C where it is not sent to the board. */
  interrupt(): void
  end(): void
}

/** Ends a console in which every key goes to the board: Ctrl-]. */
const endKey = '\x1d'

/** Every key goes to the board at once, Ctrl-C too, and the board's echo is what is seen. */
export function openKeys(
  { input, output }: { input: NodeJS.ReadStream; output: NodeJS.WritableStream },
  events: Pick<ConsoleInputEvents, 'send' | 'end'>
): ConsoleInput {
  const decoder = new TextDecoder()
  const take = (bytes: Buffer): void => {
    const text = decoder.decode(bytes, { stream: true })
    const end = text.indexOf(endKey)
    const typed = end < 0 ? text : text.slice(0, end)
    if (typed !== '') events.send(typed)
    if (end >= 0) events.end()
  }
  input.setRawMode(true)
  input.on('data', take)
  input.once('end', events.end)
  input.resume()
  return {
    show: (text) => void output.write(text),
    note: (text) => void output.write(`${text}\r\n`),
    close() {
      input.off('data', take)
      input.off('end', events.end)
      input.setRawMode(false)
      input.pause()
    }
  }
}

/** A line is edited at the terminal and sent whole, with `lineEnd` behind it. */
export function openTerminal(
  streams: TerminalStreams,
  lineEnd: string,
  events: ConsoleInputEvents
): ConsoleInput {
  return new ConsoleTerminal(streams, { ...events, line: (line) => events.send(`${line}${lineEnd}`) })
}

/** Lines of a pipe or a file are sent as they come; nothing is edited, and Ctrl-C is a signal of the process. */
export function openPipe(
  streams: TerminalStreams & { note: (text: string) => void },
  lineEnd: string,
  events: Pick<ConsoleInputEvents, 'send' | 'end'>
): ConsoleInput {
  const lines = createInterface({ input: streams.input })
  lines.on('line', (line) => events.send(`${line}${lineEnd}`))
  lines.once('close', () => events.end())
  return {
    show: (text) => void streams.output.write(text),
    note: (text) => streams.note(text),
    close: () => lines.close()
  }
}
