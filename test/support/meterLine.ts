import type { MeterLine } from '@main/meter/meterDevice'

/** A line whose far end is the test. */
export interface ScriptedLine extends MeterLine {
  send(data: string | Uint8Array): void
  /** Breaks the line. */
  end(text: string): void
  isClosed(): boolean
  /** What the host wrote, as numbers. */
  readonly written: number[]
}

/** Returns a line; `onWrite` may reply. */
export function createScriptedLine(onWrite: (bytes: Uint8Array) => void = () => undefined): ScriptedLine {
  const listeners = new Set<(bytes: Uint8Array) => void>()
  const closers: ((reason: { text: string }) => void)[] = []
  const written: number[] = []
  let closed = false
  return {
    send(data) {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
      for (const listener of listeners) listener(bytes)
    },
    end: (text) => closers.forEach((closer) => closer({ text })),
    isClosed: () => closed,
    written,
    async write(bytes) {
      written.push(...bytes)
      onWrite(bytes)
    },
    onData(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    onClose(listener) {
      closers.push(listener)
      return () => undefined
    },
    async close() {
      closed = true
    }
  }
}
