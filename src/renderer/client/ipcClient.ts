import type { PreloadApi } from '@shared/contract/framework/transport'
import { createListenerMap } from './listenerMap'
import { createClient, type Client } from './client'

declare global {
  interface Window {
    /** Put there by the preload (src/preload/index.ts); absent in a browser. */
    readonly bitbench?: PreloadApi
  }
}

/** Client over Electron's contextBridge. The process boundary lives as long as the window: always connected. */
export function createIpcClient(bridge: PreloadApi): Client {
  const listeners = createListenerMap()
  bridge.subscribe(({ event, payload }) => listeners.deliver(event, payload))
  return createClient({
    kind: 'ipc',
    send: (name, input) => bridge.call(name, input),
    subscribe: listeners.add,
    pathOf: (file) => bridge.pathOf(file),
    onConnection(listener) {
      listener('connected')
      return () => undefined
    }
  })
}
