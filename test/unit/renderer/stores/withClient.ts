import { createPinia, setActivePinia } from 'pinia'
import { createMemoryClient, type MemoryClient, type MemoryHandlers } from '@renderer/client/memoryClient'
import { provideClient } from '@renderer/client/current'

/** A fresh set of stores over a client whose replies come from these functions. */
export function withClient(handlers: MemoryHandlers): MemoryClient {
  const client = createMemoryClient(handlers)
  setActivePinia(createPinia())
  provideClient(client)
  return client
}
