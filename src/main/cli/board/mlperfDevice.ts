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
/** Time between two reads of the console. */
const pollMs = 5

/** Returns the device behind the line of the board `id`. */
export async function openMlperfDevice(
  client: LocalClient,
  id: string,
  signal: AbortSignal
): Promise<MlperfDevice> {
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
  const ask: MlperfDevice['ask'] = async (command, withinMs = replyWithinMs) => {
    await client.call('board.sendText', { id, text: `${command}%` })
    const endMs = performance.now() + withinMs
    let text = ''
    for (;;) {
      signal.throwIfAborted()
      text += await received()
      const lines = text.split(/\r?\n/).slice(0, -1)
      const ready = lines.indexOf(readyLine)
      if (ready >= 0) {
        const reply = lines.slice(0, ready).filter((line) => line !== '')
        requireNoError(command, reply)
        return reply
      }
      if (performance.now() > endMs) throw silent(command, withinMs)
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
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

function silent(command: string, withinMs: number): AppError {
  return new AppError(
    'board.timeout',
    `The device did not finish its reply to "${command.slice(0, 40)}" within ${withinMs} ms.`,
    'Start the program on the board (mlperf.elf of "deploy build"), and check the speed of the line (--baud).'
  )
}
