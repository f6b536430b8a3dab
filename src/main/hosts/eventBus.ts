import type { AppError } from '../../shared/errors'
import { eventBatchMs, eventQueueLimit, type EventMessage } from '../../shared/contract/framework/transport'

/** Carries events from the services to whoever listens in this process. */
export interface EventBus {
  emit(event: string, payload: unknown): void
  /**
   * Every event at once; returns the function that ends it. `onLost` is called when no more events can come because the
   * host that sends them is gone; a bus of this process never calls it.
   */
  listen(listener: (message: EventMessage) => void, onLost?: (error: AppError) => void): () => void
}

/** Returns a bus that hands every event to all listeners. */
export function createEventBus(): EventBus {
  const listeners = new Set<(message: EventMessage) => void>()
  return {
    emit(event, payload) {
      for (const listener of listeners) listener({ event, payload })
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
}

/**
 * One client's outgoing events: collected for eventBatchMs, bounded; when a client is too slow the oldest are dropped
 * and the client receives their number.
 */
export function createOutbox(send: (messages: EventMessage[]) => void): {
  push(message: EventMessage): void
  close(): void
} {
  let waiting: EventMessage[] = []
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    timer = undefined
    const batch = waiting
    waiting = []
    if (dropped > 0) batch.unshift({ event: 'host.dropped', payload: { count: dropped } })
    dropped = 0
    send(batch)
  }
  return {
    push(message) {
      waiting.push(message)
      if (waiting.length > eventQueueLimit) {
        waiting.shift()
        dropped++
      }
      timer ??= setTimeout(flush, eventBatchMs)
    },
    close() {
      clearTimeout(timer)
      timer = undefined
      waiting = []
    }
  }
}
