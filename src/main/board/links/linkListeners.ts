import type { CloseReason } from './link'

/** Most that is kept for a first listener: a banner, not a flood. */
const earlyLimitBytes = 64 * 1024

/** The listening half that all links share. */
export interface LinkListeners {
  readonly closed: CloseReason | null
  onData(listener: (bytes: Uint8Array) => void): () => void
  onClose(listener: (reason: CloseReason) => void): () => void
  data(bytes: Uint8Array): void
  /** The first reason counts; later ones are echoes of it. Returns whether this was the first. */
  end(reason: CloseReason): boolean
}

/** Keeps the listeners of a link; bytes that come before the first listener are kept for it. */
export function createLinkListeners(): LinkListeners {
  const dataListeners = new Set<(bytes: Uint8Array) => void>()
  const closeListeners = new Set<(reason: CloseReason) => void>()
  let early: Uint8Array[] = []
  let earlyBytes = 0
  let closed: CloseReason | null = null
  return {
    get closed() {
      return closed
    },
    onData(listener) {
      dataListeners.add(listener)
      const kept = early
      early = []
      earlyBytes = 0
      for (const bytes of kept) listener(bytes)
      return () => void dataListeners.delete(listener)
    },
    onClose(listener) {
      if (closed !== null) {
        const reason = closed
        queueMicrotask(() => listener(reason))
        return () => undefined
      }
      closeListeners.add(listener)
      return () => void closeListeners.delete(listener)
    },
    data(bytes) {
      if (bytes.length === 0 || closed !== null) return
      if (dataListeners.size === 0) {
        if (earlyBytes + bytes.length > earlyLimitBytes) return
        early.push(bytes)
        earlyBytes += bytes.length
        return
      }
      for (const listener of [...dataListeners]) listener(bytes)
    },
    end(reason) {
      if (closed !== null) return false
      closed = reason
      early = []
      for (const listener of [...closeListeners]) listener(reason)
      closeListeners.clear()
      dataListeners.clear()
      return true
    }
  }
}
