import type { RunKindName } from '@shared/contract/run'
import { defineStore } from 'pinia'
import { ref } from 'vue'

/** The run of each kind that was looked at last: a page shows it again after a reload, if it is still there. */
export const useLastRuns = defineStore('lastRuns', () => {
  const ids = ref<Partial<Record<RunKindName, string>>>({})
  function note(kind: RunKindName, id: string): void {
    if (ids.value[kind] !== id) ids.value = { ...ids.value, [kind]: id }
  }
  /** Its id; undefined where none was opened yet or the list has it no longer. */
  const idIn = (kind: RunKindName, listed: readonly { id: string }[]): string | undefined =>
    listed.find(({ id }) => id === ids.value[kind])?.id
  return { ids, note, idIn }
})
