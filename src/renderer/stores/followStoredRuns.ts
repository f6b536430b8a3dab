import type { RunKindName } from '@shared/contract/run'
import type { Client } from '../client/client'

/** A page's own list of the runs of its kind. */
export interface FollowedList {
  listed(): readonly { id: string }[]
  load(): unknown
  /** Takes a deleted run off the page if it is shown; absent: the list alone decides what is shown. */
  close?(id: string): void
}

/** Reads a list again after an import, and when a run that it has was deleted or one that it has not was brought back. */
export function followStoredRuns(client: Client, kind: RunKindName, list: FollowedList): void {
  client.subscribe('session.imported', () => void list.load())
  client.subscribe('run.changed', (run) => {
    if (run.kind !== kind) return
    if (run.forgotten) list.close?.(run.id)
    if (run.forgotten === list.listed().some(({ id }) => id === run.id)) void list.load()
  })
}
