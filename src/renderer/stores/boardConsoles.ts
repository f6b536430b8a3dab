import type { ConsoleChunk } from '@shared/contract/board'
import { shallowRef, triggerRef } from 'vue'
import type { Client, CommandInput } from '../client/client'
import { createAction, type Action } from './window/action'

/** Pieces of console traffic kept per board in this window; the host keeps its own ring. */
const maxKeptChunks = 4000

/** What went over the lines of the boards, and what is sent over them. */
export interface BoardConsoles {
  /** Pieces of a board's console, oldest first. */
  consoleOf(id: string): ConsoleChunk[]
  /** Pieces of console traffic that a flood of it has cost. */
  droppedOf(id: string): number
  readonly loadConsole: Action<[id: string], void>
  readonly clearConsole: Action<[id: string], void>
  readonly sendText: Action<[id: string, text: string], void>
  /** Sends a file over the console's line; returns the Job. */
  readonly sendFile: Action<[id: string, file: CommandInput<'board.sendFile'>['file']], string>
}

/** Keeps what the boards say from now on, and on loading what they said before. */
export function createBoardConsoles(client: Client): BoardConsoles {
  const consoles = shallowRef(new Map<string, ConsoleChunk[]>())
  const dropped = shallowRef(new Map<string, number>())

  function append(id: string, chunks: ConsoleChunk[]): void {
    const kept = consoles.value.get(id) ?? []
    const last = kept.at(-1)?.sequence ?? -1
    const fresh = chunks.filter((chunk) => chunk.sequence > last)
    consoles.value.set(id, [...kept, ...fresh].slice(-maxKeptChunks))
    triggerRef(consoles)
  }
  function setDropped(id: string, count: number): void {
    dropped.value.set(id, count)
    triggerRef(dropped)
  }
  client.subscribe('board.consoleText', ({ id, chunks }) => append(id, chunks))

  return {
    consoleOf: (id) => consoles.value.get(id) ?? [],
    droppedOf: (id) => dropped.value.get(id) ?? 0,
    loadConsole: createAction(async (id: string) => {
      const after = consoles.value.get(id)?.at(-1)?.sequence ?? 0
      const { chunks, droppedChunks } = await client.call('board.console', { id, after })
      append(id, chunks)
      setDropped(id, droppedChunks)
    }),
    clearConsole: createAction(async (id: string) => {
      await client.call('board.clearConsole', { id })
      consoles.value.set(id, [])
      triggerRef(consoles)
      setDropped(id, 0)
    }),
    sendText: createAction(async (id: string, text: string) => {
      await client.call('board.sendText', { id, text })
    }),
    sendFile: createAction(async (id: string, file: CommandInput<'board.sendFile'>['file']) => {
      return (await client.call('board.sendFile', { id, file }, { timeoutMs: 120_000 })).jobId
    })
  }
}
