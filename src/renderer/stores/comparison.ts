import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './window/action'
import { boardRows, type ComparedRun } from './comparedRun'
import { useNavigation } from './window/navigation'

/** Runs side by side at most; the contract takes no more. */
export const maxCompared = 8

/** Where the chosen runs are kept over a reload of the tab. */
const memoryKey = 'bitbench.compare'

function recallIds(): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(memoryKey) ?? '[]')
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string').slice(0, maxCompared) : []
  } catch {
    return []
  }
}

/** Runs of one kind side by side; the first is what the others are compared with. */
export const useComparison = defineStore('comparison', () => {
  const client = useClient()
  const navigation = useNavigation()
  const ids = ref<string[]>(recallIds())
  const runs = shallowRef<ComparedRun[]>([])
  const result = shallowRef<CommandOutput<'run.compare'> | null>(null)

  const chosen = computed(() => ids.value.flatMap((id) => runs.value.find((run) => run.id === id) ?? []))
  const kind = computed(() => chosen.value[0]?.kind ?? null)
  /** Runs that can join those that are chosen. */
  const offered = computed(() =>
    runs.value.filter(
      (run) =>
        run.state !== 'unreadable' &&
        !ids.value.includes(run.id) &&
        (kind.value === null || run.kind === kind.value)
    )
  )

  const compare = createAction(async () => {
    const asked = [...ids.value]
    result.value = null
    if (asked.length < 2) return
    const found = await client.call('run.compare', { ids: asked })
    // Another choice was made meanwhile.
    if (asked.join() === ids.value.join()) result.value = found
  })

  function choose(wanted: readonly string[]): void {
    ids.value = [...new Set(wanted)].slice(0, maxCompared)
    compare.error = null
    try {
      sessionStorage.setItem(memoryKey, JSON.stringify(ids.value))
    } catch {
      // The choice is lost with the tab.
    }
    void compare.run()
  }

  const load = createAction(async () => {
    const [listed, summary] = await Promise.all([
      client.call('run.list', {}),
      client.call('profile.summary', {})
    ])
    runs.value = [...listed.runs, ...boardRows(summary.groups)]
    // Runs that were deleted meanwhile cannot be compared.
    const present = ids.value.filter((id) => runs.value.some((run) => run.id === id && !run.forgotten))
    if (present.length !== ids.value.length || result.value === null) choose(present)
  })

  /** Opens the page with these runs; one run alone waits for another one. */
  function open(wanted: readonly string[]): void {
    choose(wanted)
    navigation.open('compare')
  }

  return { ids, runs, result, chosen, kind, offered, compare, choose, load, open }
})
