/** Listeners by event name, for transports that receive every event on one channel. */
export function createListenerMap(): {
  add(event: string, listener: (payload: unknown) => void): () => void
  deliver(event: string, payload: unknown): void
} {
  const byEvent = new Map<string, Set<(payload: unknown) => void>>()
  return {
    add(event, listener) {
      const listeners = byEvent.get(event) ?? new Set()
      byEvent.set(event, listeners)
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    deliver(event, payload) {
      for (const listener of byEvent.get(event) ?? []) listener(payload)
    }
  }
}
