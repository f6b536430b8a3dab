import type { Link } from '@main/board/links/link'

/** The same link, with a count of who listens to it: a user that cleaned up after itself brings it back down. */
export function createCountedLink(inner: Link): Link & { readonly listenerCount: number } {
  let listenerCount = 0
  const counted = <A>(subscribe: (listener: A) => () => void): ((listener: A) => () => void) => {
    return (listener) => {
      const leave = subscribe(listener)
      let isIn = true
      listenerCount++
      return () => {
        if (isIn) listenerCount--
        isIn = false
        leave()
      }
    }
  }
  return {
    get listenerCount() {
      return listenerCount
    },
    get descriptor() {
      return inner.descriptor
    },
    get closed() {
      return inner.closed
    },
    onData: counted((listener: (bytes: Uint8Array) => void) => inner.onData(listener)),
    onClose: counted((listener: Parameters<Link['onClose']>[0]) => inner.onClose(listener)),
    write: (bytes, timeoutMs) => inner.write(bytes, timeoutMs),
    setBaud: (baudRate) => inner.setBaud(baudRate),
    setSignals: (signals) => inner.setSignals(signals),
    close: () => inner.close()
  }
}
