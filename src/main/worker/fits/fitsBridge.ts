import { BroadcastChannel } from 'node:worker_threads'
import { fitsChannel, type FitsMessage } from '../../threads/fitMessages'
import type { FitStore } from './fitStore'

/** Connects the threads of this process that fit layers with the fits on the queue server, until it is closed. */
export function openFitsBridge(store: FitStore): { close(): void } {
  const channel = new BroadcastChannel(fitsChannel)
  channel.unref()
  let isClosed = false
  const reply = async ({ id, content, keys }: Extract<FitsMessage, { kind: 'look' }>): Promise<void> => {
    const fits = await store.find(content, keys)
    if (!isClosed) channel.postMessage({ kind: 'found', id, fits } satisfies FitsMessage)
  }
  channel.onmessage = (event) => {
    // Only threads of this process write into the channel.
    const message = (event as { data: FitsMessage }).data
    if (message.kind === 'look') void reply(message)
    else if (message.kind === 'made') void store.publish(message.content, message.key, message.fit)
  }
  return {
    close() {
      isClosed = true
      channel.close()
    }
  }
}
