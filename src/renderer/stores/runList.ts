import type { Run, RunKindName } from '@shared/contract/run'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { useClient } from '../client/current'
import { createAction } from './window/action'
import { createRunChanges } from './runChanges'
import { createNewest } from './window/newest'

/** Stored runs by kind, newest first, with the names that users gave them: what pages list of their own kind. */
export const useRunLists = defineStore('runList', () => {
  const client = useClient()
  const byKind = ref<Partial<Record<RunKindName, Run[]>>>({})

  const beginLoads: Partial<Record<RunKindName, ReturnType<typeof createNewest>>> = {}
  const meanwhile = createRunChanges()
  const load = createAction(async (kind: RunKindName) => {
    const isNewest = (beginLoads[kind] ??= createNewest())()
    const runs = await meanwhile.over(async () => (await client.call('run.list', { kinds: [kind] })).runs)
    if (!isNewest()) return
    byKind.value = { ...byKind.value, [kind]: runs.filter(({ forgotten }) => !forgotten) }
  })
  const ofKind = (kind: RunKindName): Run[] => byKind.value[kind] ?? []

  /** The name that a user gave to a run; null without one. */
  const nameOf = (kind: RunKindName, id: string): string | null =>
    ofKind(kind).find((run) => run.id === id)?.name ?? null

  client.subscribe('run.changed', (run) => {
    meanwhile.note(run)
    const runs = byKind.value[run.kind]
    if (runs === undefined) return
    const others = runs.filter(({ id }) => id !== run.id)
    const now = run.forgotten ? others : [run, ...others].sort((a, b) => b.startedAtMs - a.startedAtMs)
    byKind.value = { ...byKind.value, [run.kind]: now }
  })
  // Runs that an import added are listed at once.
  client.subscribe('session.imported', () => {
    for (const kind of Object.keys(byKind.value) as RunKindName[]) void load.run(kind)
  })

  return { byKind, load, ofKind, nameOf }
})
