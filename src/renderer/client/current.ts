import type { Client } from './client'

let current: Client | undefined

/** Chooses the client every store uses: once in main.ts, once per test. */
export function provideClient(client: Client): void {
  current = client
}

/** Returns the client of this window. @throws Error before there is one */
export function useClient(): Client {
  if (current === undefined)
    throw new Error('No client: call provideClient() before the first store is used.')
  return current
}
