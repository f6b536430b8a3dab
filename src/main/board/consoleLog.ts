import type { ConsoleChunk } from '../../shared/contract/board'

/** Batches of console traffic are sent this often. */
const batchMs = 30
/** Chunks kept per board, and bytes in one chunk: about 4 MiB of console at most. */
const maxKeptChunks = 4_000
const maxChunkBytes = 1_024
/** Chunks waiting for one batch; a board that floods the line loses the middle of its flood, counted. */
const maxPending = 400

/** The last bytes of a console and notes between them, and their listeners. */
export interface ConsoleLog {
  bytes(direction: 'received' | 'sent', bytes: Uint8Array): void
  note(text: string): void
  /** Kept chunks with a sequence number above `after`. */
  after(sequence: number): ConsoleChunk[]
  readonly droppedChunks: number
  clear(): void
  /** Sends what waits and stops. */
  close(): void
}

/** The bounded console of one board: numbered chunks, kept for late readers, handed out in batches. */
export function createConsoleLog(options: {
  nowMs: () => number
  onBatch: (chunks: ConsoleChunk[]) => void
}): ConsoleLog {
  const { nowMs, onBatch } = options
  const kept: ConsoleChunk[] = []
  let pending: ConsoleChunk[] = []
  let droppedChunks = 0
  let sequence = 0
  /** A chunk that a reader has seen does not grow any more: what is added later would be lost to it. */
  let handedOut = 0
  let timer: NodeJS.Timeout | undefined
  // Streaming decoders: a character split between two reads stays whole.
  const decoders = { received: new TextDecoder(), sent: new TextDecoder() }

  const flush = (): void => {
    timer = undefined
    const batch = pending
    pending = []
    if (batch.length > 0) onBatch(batch)
  }
  const add = (direction: ConsoleChunk['direction'], text: string, hex: string): void => {
    const last = pending[pending.length - 1]
    if (
      last !== undefined &&
      last.sequence > handedOut &&
      last.direction === direction &&
      direction !== 'note' &&
      last.hex.length + hex.length <= 2 * maxChunkBytes
    ) {
      // The kept chunk and the pending one are the same object: both grow.
      last.text += text
      last.hex += hex
      return
    }
    const chunk: ConsoleChunk = { sequence: ++sequence, atMs: nowMs(), direction, text, hex }
    kept.push(chunk)
    if (kept.length > maxKeptChunks) kept.splice(0, kept.length - maxKeptChunks)
    if (pending.length >= maxPending) {
      pending.splice(0, pending.length / 2)
      droppedChunks += maxPending / 2
    }
    pending.push(chunk)
    timer ??= setTimeout(flush, batchMs)
  }
  return {
    bytes(direction, bytes) {
      for (let at = 0; at < bytes.length; at += maxChunkBytes) {
        const part = bytes.subarray(at, at + maxChunkBytes)
        add(direction, decoders[direction].decode(part, { stream: true }), Buffer.from(part).toString('hex'))
      }
    },
    note: (text) => add('note', text, ''),
    after(from) {
      handedOut = sequence
      return kept.filter((chunk) => chunk.sequence > from).map((chunk) => ({ ...chunk }))
    },
    get droppedChunks() {
      return droppedChunks
    },
    clear() {
      kept.length = 0
      pending = []
      droppedChunks = 0
    },
    close() {
      clearTimeout(timer)
      flush()
    }
  }
}
