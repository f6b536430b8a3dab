import type { Readable, Writable } from 'node:stream'
import { AppError } from '../../../shared/errors'

/** QEMU's machine protocol: one JSON object a line (docs/interop/qmp-spec.rst of QEMU). */
export interface Qmp {
  /** Settles with QEMU's greeting. */
  readonly ready: Promise<void>
  /** One command at a time, replies come in order; events in between are ignored. */
  execute(command: string): Promise<unknown>
}

interface Reply {
  QMP?: unknown
  return?: unknown
  error?: { class: string; desc: string }
  event?: string
}

/** Speaks QEMU's machine protocol (QMP) over a pair of streams. */
export function createQmp(input: Writable, output: Readable): Qmp {
  const pending: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = []
  let greeted: () => void = () => undefined
  const ready = new Promise<void>((resolve) => (greeted = resolve))
  let text = ''
  output.setEncoding('utf8')
  output.on('data', (chunk: string) => {
    text += chunk
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, end)
      text = text.slice(end + 1)
      const reply = parseLine(line)
      if (reply === null || reply.event !== undefined) continue
      if (reply.QMP !== undefined) greeted()
      else if (reply.error !== undefined) {
        pending
          .shift()
          ?.reject(new AppError('board.faulted', `QEMU refused: ${reply.error.desc}`, 'Use QEMU 7 or newer.'))
      } else pending.shift()?.resolve(reply.return)
    }
  })
  // Writing to a QEMU that has just ended is reported by its exit, not here.
  input.on('error', () => undefined)
  return {
    ready,
    execute(command) {
      return new Promise((resolve, reject) => {
        pending.push({ resolve, reject })
        input.write(`${JSON.stringify({ execute: command })}\n`)
      })
    }
  }
}

/** QEMU prints plain text (`char device redirected to ...`) on the same stream: not JSON, not ours. */
function parseLine(line: string): Reply | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as Reply
  } catch {
    return null
  }
}
