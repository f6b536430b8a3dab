import type { AdaptiveRun } from '@shared/contract/profile/profileAdaptive'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CommandInput } from '../client/client'
import { useClient } from '../client/current'
import { followStoredRuns } from './followStoredRuns'
import { createAction, forgetOnChange } from './window/action'

/** Adaptive runs, newest first, and the one that is looked at. */
export const useAdaptive = defineStore('adaptive', () => {
  const client = useClient()
  const runs = ref<AdaptiveRun[]>([])
  const openId = ref<string | null>(null)
  const open = computed(() => runs.value.find(({ id }) => id === openId.value) ?? runs.value[0] ?? null)
  const running = computed(() => runs.value.find(({ state }) => state === 'running') ?? null)

  client.subscribe('profile.adaptiveChanged', (run) => {
    const at = runs.value.findIndex(({ id }) => id === run.id)
    if (at >= 0) runs.value[at] = run
    else runs.value.unshift(run)
  })

  const load = createAction(async () => {
    runs.value = (await client.call('profile.adaptiveRuns', {})).runs
  })
  followStoredRuns(client, 'adaptive', { listed: () => runs.value, load: () => load.run() })
  const start = createAction(async (input: CommandInput<'profile.adaptive'>) => {
    const started = await client.call('profile.adaptive', input)
    openId.value = started.runId
    return started
  })
  const resume = createAction(async (runId: string) => client.call('profile.adaptiveResume', { runId }))
  const forget = createAction(async (runId: string) => {
    await client.call('profile.adaptiveForget', { runId })
    await load.run()
  })
  forgetOnChange(openId, [resume])
  return { runs, open, openId, running, load, start, resume, forget }
})
