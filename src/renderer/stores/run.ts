import type { Run, RunKindName } from '@shared/contract/run'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { useClient } from '../client/current'
import { createAction, forEvery, forgetOnChange } from './window/action'
import { createRunChanges } from './runChanges'
import { createNewest } from './window/newest'

/** Stored runs of every kind, newest first, with the one that is looked at. */
export const useRuns = defineStore('run', () => {
  const client = useClient()
  const runs = ref<Run[]>([])
  const text = ref('')
  const kind = ref<RunKindName | null>(null)
  const openId = ref<string | null>(null)
  /** Deleted in this window, newest last; restoring takes those that went together last. */
  const deleted = ref<Run[][]>([])

  const shown = computed(() => runs.value.filter(({ forgotten }) => !forgotten))
  const open = computed(() => shown.value.find(({ id }) => id === openId.value) ?? null)

  const meanwhile = createRunChanges()
  function accept(run: Run): void {
    meanwhile.note(run)
    runs.value = runs.value.map((one) => (one.id === run.id ? run : one))
  }
  client.subscribe('run.changed', accept)

  const beginLoad = createNewest()
  const load = createAction(async () => {
    const isNewest = beginLoad()
    const kinds = kind.value === null ? [] : [kind.value]
    const found = await meanwhile.over(
      async () => (await client.call('run.list', { kinds, text: text.value })).runs
    )
    // Another text was typed meanwhile.
    if (!isNewest()) return
    runs.value = found
    if (open.value === null) openId.value = shown.value[0]?.id ?? null
  })
  // Runs that an import added are listed at once.
  client.subscribe('session.imported', () => void load.run())
  const rename = createAction(async (id: string, name: string) => {
    accept((await client.call('run.rename', { id, name })).run)
  })
  const annotate = createAction(async (id: string, notes: string, tags: string[]) => {
    accept((await client.call('run.annotate', { id, notes, tags })).run)
  })
  const resume = createAction(async (id: string) => {
    await client.call('run.resume', { id })
    await load.run()
  })
  /** Deletes runs together; where one is refused the others are deleted, and can be brought back. */
  const forget = createAction(async (...gone: Run[]) => {
    const done: Run[] = []
    try {
      await forEvery(gone, async (run) => {
        accept((await client.call('run.forget', { id: run.id })).run)
        done.push(run)
      })
    } finally {
      if (done.length > 0) deleted.value = [...deleted.value, done]
    }
  })
  const undo = createAction(async () => {
    const last = deleted.value.at(-1)
    if (last === undefined) return
    for (const { id } of last) await client.call('run.restore', { id })
    deleted.value = deleted.value.slice(0, -1)
    await load.run()
    openId.value = last[0]?.id ?? null
  })

  forgetOnChange(openId, [resume, forget])
  return { runs, text, kind, openId, deleted, shown, open, load, rename, annotate, resume, forget, undo }
})
