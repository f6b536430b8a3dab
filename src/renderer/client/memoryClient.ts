import { AppError } from '@shared/errors'
import { createListenerMap } from './listenerMap'
import {
  createClient,
  type Client,
  type CommandInput,
  type CommandName,
  type CommandOutput,
  type ConnectionState,
  type EventName,
  type EventPayload
} from './client'

/** Replies of a client in memory, by command. */
export type MemoryHandlers = {
  [N in CommandName]?: (input: CommandInput<N>) => CommandOutput<N> | Promise<CommandOutput<N>>
}

/** A client in memory, for tests of stores and components. */
export interface MemoryClient extends Client {
  /** Every call so far, oldest first. */
  readonly calls: { name: string; input: unknown }[]
  /** Sends an event as the host would. */
  emit<E extends EventName>(event: E, payload: EventPayload<E>): void
  setConnection(state: ConnectionState): void
}

/**
 * Client over functions in this process, for tests. It goes through the same contract checks as the real ones, so a
 * test cannot feed a store data that no host could send.
 */
export function createMemoryClient(handlers: MemoryHandlers): MemoryClient {
  const calls: { name: string; input: unknown }[] = []
  const listeners = createListenerMap()
  const connectionListeners = new Set<(state: ConnectionState) => void>()
  let state: ConnectionState = 'connected'
  const client = createClient({
    kind: 'memory',
    async send(name, input) {
      calls.push({ name, input })
      const handler = handlers[name as CommandName] as ((input: unknown) => unknown) | undefined
      if (handler === undefined) {
        const error = new AppError('host.unknownCommand', `No handler for ${name}.`, 'Give the test one.')
        return { ok: false, error: error.toJSON() }
      }
      try {
        return { ok: true, value: await handler(input) }
      } catch (error) {
        return { ok: false, error: AppError.from(error).toJSON() }
      }
    },
    subscribe: listeners.add,
    async upload(file, { group, name }, { onProgress }) {
      calls.push({ name: 'upload', input: { group, name } })
      onProgress?.(file.size)
      const folder = `/uploads/${group}`
      return { ok: true, value: { path: `${folder}/${name}`, folder, sizeBytes: file.size } }
    },
    onConnection(listener) {
      connectionListeners.add(listener)
      listener(state)
      return () => {
        connectionListeners.delete(listener)
      }
    }
  })
  return {
    ...client,
    calls,
    emit(event, payload) {
      listeners.deliver(event, payload)
    },
    setConnection(next) {
      state = next
      for (const listener of connectionListeners) listener(next)
    }
  }
}
