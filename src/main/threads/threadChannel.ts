import { BroadcastChannel } from 'node:worker_threads'

/** Carries messages between the threads of this process. */
export interface ThreadChannel<Message> {
  /** Sends a copy to all other threads. */
  post(message: Message): void
  onMessage(handler: (message: Message) => void): void
}

/** Opens this thread's end of the channel of a name; it keeps no thread alive. */
export function openThreadChannel<Message>(name: string): ThreadChannel<Message> & { close(): void } {
  const channel = new BroadcastChannel(name)
  channel.unref()
  return {
    post: (message) => channel.postMessage(message),
    onMessage(handler) {
      // Only threads of this process write into the channel.
      channel.onmessage = (event) => handler((event as { data: Message }).data)
    },
    close: () => channel.close()
  }
}
