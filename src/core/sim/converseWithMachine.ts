import type { Conversation } from '../board/conversation'
import type { VirtualMachine } from './machine'

const nothing = new Uint8Array(0)

/**
 * Performs a conversation with a machine in this thread. Time passes only while it is waited for: steps that change the line or let time
 * pass do nothing.
 *
 * @param receive runs the machine and returns what it sent; nothing: it waits for more
 */
export function converseWithMachine<T>(
  machine: VirtualMachine,
  conversation: Conversation<T>,
  receive: () => Uint8Array
): T {
  let received: Uint8Array = nothing
  for (;;) {
    const { value, done } = conversation.next(received)
    if (done === true) return value
    received = nothing
    if (value.kind === 'send') machine.uartPush(value.bytes)
    if (value.kind === 'receive') received = receive()
  }
}
