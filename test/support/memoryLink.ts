import { disconnected, type Link } from '@main/board/links/link'
import { createLinkListeners } from '@main/board/links/linkListeners'

export interface MemoryPeer {
  /** Everything the host wrote and that was not taken yet. */
  take(): Uint8Array
  /** Called with each write of the host. */
  onBytes: (bytes: Uint8Array) => void
  send(bytes: Uint8Array): void
  unplug(): void
}

/** A link whose far end is the test itself. */
export function createMemoryLink(label = 'memory'): { link: Link; peer: MemoryPeer } {
  const listeners = createLinkListeners()
  let written: number[] = []
  const peer: MemoryPeer = {
    take() {
      const bytes = Uint8Array.from(written)
      written = []
      return bytes
    },
    onBytes: () => undefined,
    send: (bytes) => listeners.data(bytes.slice()),
    unplug: () => void listeners.end({ kind: 'unplugged', text: 'the test pulled the plug' })
  }
  const link: Link = {
    descriptor: { kind: 'memory', label, port: null, baudRate: null, lossy: false },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    async write(bytes) {
      if (listeners.closed !== null) throw disconnected(label, listeners.closed)
      for (const byte of bytes) written.push(byte)
      peer.onBytes(bytes.slice())
    },
    async setBaud() {},
    async setSignals() {
      return false
    },
    async close() {
      listeners.end({ kind: 'asked', text: 'closed' })
    }
  }
  return { link, peer }
}

/** A link whose far end sends everything back, a moment later. */
export function createEchoLink(): { link: Link; peer: MemoryPeer } {
  const pair = createMemoryLink('echo')
  pair.peer.onBytes = (bytes) => queueMicrotask(() => pair.peer.send(bytes))
  return pair
}
