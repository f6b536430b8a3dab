import type { Socket } from 'node:net'
import { concatBytes } from '../../../../core/binary/bytes'
import { type CloseReason, disconnected, writeTimedOut } from '../link'
import { brokenConnection, endedByServer } from './networkErrors'

/** Enough of a connection's beginning to recognise its protocol. */
const maxFirstBytes = 256

/** A connected socket as bytes in, bytes out and one end. */
export interface SocketLine {
  readonly closed: CloseReason | null
  /** The first bytes as they came over the network. */
  readonly first: Uint8Array
  /** @throws board.timeout, board.disconnected */
  write(bytes: Uint8Array, timeoutMs: number): Promise<void>
  /** Ends the connection from this side, for the reason given. */
  end(reason: CloseReason): void
  /** Ends the connection; settles when the server has ended it too, or after a second. */
  close(): Promise<void>
}

/** Socket and callbacks of a line. */
export interface SocketLineOptions {
  socket: Socket
  label: string
  onBytes: (bytes: Uint8Array) => void
  onEnd: (reason: CloseReason) => void
  /** The text received so far, for the reason of an early end. */
  said: () => Uint8Array
}

const closeMs = 1_000

/** `kept` with as much of `more` behind it as fits into `maxBytes`. */
export function extendTo(maxBytes: number, kept: Uint8Array, more: Uint8Array): Uint8Array {
  if (kept.length >= maxBytes) return kept
  return concatBytes([kept, more.subarray(0, maxBytes - kept.length)])
}

/** Returns a socket as a line that ends once, with a reason. */
export function createSocketLine({ socket, label, onBytes, onEnd, said }: SocketLineOptions): SocketLine {
  let closed: CloseReason | null = null
  let first: Uint8Array = new Uint8Array(0)
  const ending = new Set<(reason: CloseReason) => void>()

  const end = (reason: CloseReason): void => {
    if (closed === null) {
      closed = reason
      for (const fail of [...ending]) fail(reason)
      onEnd(reason)
    }
    if (reason.kind !== 'asked') socket.destroy()
  }
  socket.on('data', (bytes: Buffer) => {
    first = extendTo(maxFirstBytes, first, bytes)
    onBytes(new Uint8Array(bytes))
  })
  socket.on('end', () => end(endedByServer(first, said())))
  socket.on('error', (cause) => end(brokenConnection(cause)))
  socket.on('close', () => end(endedByServer(first, said())))

  return {
    get closed() {
      return closed
    },
    get first() {
      return first
    },
    end,
    async write(bytes, timeoutMs) {
      if (closed !== null) throw disconnected(label, closed)
      await new Promise<void>((resolve, reject) => {
        const settle = (act: () => void): void => {
          clearTimeout(timer)
          ending.delete(fail)
          act()
        }
        const fail = (reason: CloseReason): void => settle(() => reject(disconnected(label, reason)))
        const timer = setTimeout(
          () => settle(() => reject(writeTimedOut(label, bytes.length, timeoutMs))),
          timeoutMs
        )
        ending.add(fail)
        socket.write(bytes, (error) =>
          settle(
            error == null ? resolve : () => reject(disconnected(label, closed ?? brokenConnection(error)))
          )
        )
      })
    },
    async close() {
      end({ kind: 'asked', text: 'closed' })
      if (socket.closed) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => socket.destroy(), closeMs)
        socket.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
        socket.end()
      })
    }
  }
}
