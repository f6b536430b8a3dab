import type { Link } from '@main/board/links/link'
import { createLinkListeners } from '@main/board/links/linkListeners'

/** A link whose plug a test can pull: its users see `unplugged`, what lies behind it is closed. */
export function createUnpluggable(inner: Link): { link: Link; unplug(): Promise<void> } {
  const listeners = createLinkListeners()
  const offData = inner.onData(listeners.data)
  inner.onClose((reason) => {
    offData()
    listeners.end(reason)
  })
  const link: Link = {
    descriptor: inner.descriptor,
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    write: (bytes, timeoutMs) => inner.write(bytes, timeoutMs),
    setBaud: (baudRate) => inner.setBaud(baudRate),
    setSignals: (signals) => inner.setSignals(signals),
    close: () => inner.close()
  }
  return {
    link,
    async unplug() {
      listeners.end({ kind: 'unplugged', text: 'the plug was pulled' })
      await inner.close()
    }
  }
}
