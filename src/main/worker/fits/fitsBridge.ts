import { fitsChannel, type FitsMessage } from '../../threads/fitMessages'
import { openThreadChannel } from '../../threads/threadChannel'
import type { FitStore } from './fitStore'

/** Connects the threads of this process that fit layers with the fits on the queue server, until it is closed. */
export function openFitsBridge(store: FitStore): { close(): void } {
  const channel = openThreadChannel<FitsMessage>(fitsChannel)
  let isClosed = false
  const reply = async ({ id, content, keys }: Extract<FitsMessage, { kind: 'look' }>): Promise<void> => {
    const fits = await store.find(content, keys)
    if (!isClosed) channel.post({ kind: 'found', id, fits })
  }
  channel.onMessage((message) => {
    if (message.kind === 'look') void reply(message)
    else if (message.kind === 'made') void store.publish(message.content, message.key, message.fit)
  })
  return {
    close() {
      isClosed = true
      channel.close()
    }
  }
}
