import type { LocalClient } from '../framework/localClient'
import { AppError } from '../../../shared/errors'
import {
  loadCommands,
  readInfer,
  readyLine,
  requireNoError,
  type InferReply
} from '../../../core/deploy/mlperf/protocol'

/** A device that speaks MLPerf Tiny's protocol behind a connected board's line. */
export interface MlperfDevice {
  /** Lines of the reply, without the ready line. @throws board.timeout, board.protocol */
  ask(command: string, withinMs?: number): Promise<string[]>
  /** Sends the bytes of an input. @throws board.protocol when the device does not take all of them */
  load(bytes: Uint8Array): Promise<void>
  infer(times: number, warmups: number, withinMs: number): Promise<InferReply>
}

/** Longest wait for the reply to a short command. */
const replyWithinMs = 5000
/** A line without a byte for so long is quiet. */
const quietMs = 150
/** Time between two reads of the console. */
const pollMs = 5

/** Returns the device behind the line of the board `id`, which has replied to its name. @throws board.timeout */
export async function openMlperfDevice(
  client: LocalClient,
  id: string,
  signal: AbortSignal
): Promise<MlperfDevice> {
  const { ask, greet } = await openMlperfLine(client, id, signal)
  try {
    await greet()
  } catch (error) {
    // A board that was starting has lost the command: it is sent once more.
    if (!(error instanceof AppError) || error.code !== 'board.timeout') throw error
    await greet()
  }
  return {
    ask,
    async load(bytes) {
      let last: string[] = []
      for (const command of loadCommands(bytes)) last = await ask(command)
      if (last.includes('m-load-done')) return
      throw new AppError(
        'board.protocol',
        `The device did not confirm an input of ${bytes.length} bytes.`,
        'Files of a test set hold exactly the bytes of one input.'
      )
    },
    async infer(times, warmups, withinMs) {
      return readInfer(await ask(`infer ${times} ${warmups}`, withinMs))
    }
  }
}

/** Commands and replies over the console of a board. */
async function openMlperfLine(
  client: LocalClient,
  id: string,
  signal: AbortSignal
): Promise<{ ask: MlperfDevice['ask']; greet: () => Promise<void> }> {
  // What was received before is not a reply.
  const before = await client.call('board.console', { id, after: 0 })
  let after = before.chunks.at(-1)?.sequence ?? 0
  const received = async (): Promise<string> => {
    const { chunks } = await client.call('board.console', { id, after })
    after = chunks.at(-1)?.sequence ?? after
    return chunks
      .filter(({ direction }) => direction === 'received')
      .map(({ text }) => text)
      .join('')
  }
  /** Received and not yet part of a reply. */
  let text = ''
  const poll = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs))
  /** The lines before the next ready line. @throws board.timeout */
  const nextReply = async (command: string, withinMs: number): Promise<string[]> => {
    const endMs = performance.now() + withinMs
    for (;;) {
      signal.throwIfAborted()
      text += await received()
      const lines = text.split(/\r?\n/)
      const ready = lines.slice(0, -1).indexOf(readyLine)
      if (ready >= 0) {
        text = lines.slice(ready + 1).join('\n')
        return lines.slice(0, ready).filter((line) => line !== '')
      }
      if (performance.now() > endMs) throw silent(command, withinMs)
      await poll()
    }
  }
  const ask: MlperfDevice['ask'] = async (command, withinMs = replyWithinMs) => {
    text = ''
    await client.call('board.sendText', { id, text: `${command}%` })
    const reply = await nextReply(command, withinMs)
    requireNoError(command, reply)
    return reply
  }
  /** Drops what is received until the line has been quiet for a while. */
  const settle = async (): Promise<void> => {
    const endMs = performance.now() + replyWithinMs
    for (let sinceMs = performance.now(); performance.now() < Math.min(sinceMs + quietMs, endMs);) {
      signal.throwIfAborted()
      if ((await received()) !== '') sinceMs = performance.now()
      await poll()
    }
    text = ''
  }
  /** A device that starts prints a ready line of its own, which must not be taken for a reply. */
  const greet = async (): Promise<void> => {
    await settle()
    await client.call('board.sendText', { id, text: 'name%' })
    for (let reply: string[] = []; !reply.some((line) => line.startsWith('m-name-'));)
      reply = await nextReply('name', replyWithinMs)
    await settle()
  }
  return { ask, greet }
}

function silent(command: string, withinMs: number): AppError {
  return new AppError(
    'board.timeout',
    `The device did not finish its reply to "${command.slice(0, 40)}" within ${withinMs} ms.`,
    'Start the program on the board (mlperf.elf of "deploy build"), and check the speed of the line (--baud).'
  )
}
