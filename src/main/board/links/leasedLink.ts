import { disconnected, type Link } from './link'
import { createLinkListeners } from './linkListeners'

/** Exclusive use of a line that several hosts share. */
export interface LineLease {
  onLost(listener: (why: string) => void): void
  release(): Promise<void>
}

/**
 * A link that is used under a lease: the lease is given back when the link ends, and the link ends when the lease is lost, so
 * that two hosts never write to one board.
 */
export function createLeasedLink(inner: Link, lease: LineLease): Link {
  const listeners = createLinkListeners()
  const label = inner.descriptor.label
  let released: Promise<void> | undefined
  const release = (): Promise<void> => (released ??= lease.release())
  const offData = inner.onData((bytes) => listeners.data(bytes))
  inner.onClose((reason) => {
    offData()
    void release()
    listeners.end(reason)
  })
  lease.onLost((why) => {
    listeners.end({
      kind: 'failed',
      text: `its lease was lost: ${why}`,
      hint: 'The pages Workers and Boards list who holds it; connect the board again when it is free.'
    })
    void inner.close()
  })
  return {
    get descriptor() {
      return inner.descriptor
    },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    async write(bytes, timeoutMs) {
      if (listeners.closed !== null) throw disconnected(label, listeners.closed)
      await inner.write(bytes, timeoutMs)
    },
    setBaud: (baudRate) => inner.setBaud(baudRate),
    setParity: inner.setParity,
    setSignals: (signals) => inner.setSignals(signals),
    async close() {
      try {
        await inner.close()
      } finally {
        await release()
      }
    }
  }
}

/**
 * Takes the lease, then opens the line; a line that does not open gives it back.
 * @param leaseLine null: no lease is needed
 */
export async function openLeased(
  port: string,
  leaseLine: (port: string) => Promise<LineLease | null>,
  open: () => Promise<Link>
): Promise<Link> {
  const lease = await leaseLine(port)
  if (lease === null) return await open()
  try {
    return createLeasedLink(await open(), lease)
  } catch (reason) {
    await lease.release()
    throw reason
  }
}
