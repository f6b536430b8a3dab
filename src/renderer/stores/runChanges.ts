import type { Run } from '@shared/contract/run'

/** What was renamed, annotated, deleted or restored while a list was read, which may be older and must not bring back what was there. */
export interface RunChanges {
  /** A run is called and annotated like this from now on. */
  note(run: Run): void
  /** Reads a list and puts over it what has changed since it was requested. @throws what reading throws */
  over(read: () => Promise<readonly Run[]>): Promise<Run[]>
}

/** Returns no changes so far. */
export function createRunChanges(): RunChanges {
  const pending = new Set<Map<string, Run>>()
  /** What came of a run is newer in the list than in the change of its name. */
  const labelled = (run: Run, changed: Run | undefined): Run => {
    if (changed === undefined) return run
    const { name, notes, tags, forgotten } = changed
    return { ...run, name, notes, tags, forgotten }
  }
  return {
    note(run) {
      for (const changed of pending) changed.set(run.id, run)
    },
    async over(read) {
      const changed = new Map<string, Run>()
      pending.add(changed)
      try {
        return (await read()).map((run) => labelled(run, changed.get(run.id)))
      } finally {
        pending.delete(changed)
      }
    }
  }
}
