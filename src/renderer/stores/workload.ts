import type { WorkloadRun } from '@shared/contract/workload'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forgetOnChange } from './action'

type Listed = CommandOutput<'workload.list'>['runs'][number]

/** Least time between two reads of the open run's tables while it runs, ms. */
const refreshMs = 2_000

/** Workload runs; the open one with its tables. */
export const useWorkloads = defineStore('workload', () => {
  const client = useClient()
  const runs = ref<Listed[]>([])
  const open = shallowRef<WorkloadRun | null>(null)
  const checked = shallowRef<CommandOutput<'workload.check'> | null>(null)
  let readAtMs = -Infinity

  client.subscribe('workload.changed', (run) => {
    runs.value = runs.value.some(({ id }) => id === run.id)
      ? runs.value.map((one) => (one.id === run.id ? run : one))
      : [run, ...runs.value]
    if (open.value?.id !== run.id) return
    open.value = { ...run, tables: open.value.tables }
    // Each read computes the tables again: while steps end quickly, not every step causes one.
    if (run.state === 'running' && performance.now() - readAtMs < refreshMs) return
    void select.run(run.id)
  })

  const select = createAction(async (id: string) => {
    readAtMs = performance.now()
    const { run } = await client.call('workload.get', { id })
    open.value = run
  })
  const load = createAction(async () => {
    runs.value = (await client.call('workload.list', {})).runs
    const shown = open.value?.id ?? runs.value[0]?.id
    if (shown !== undefined) await select.run(shown)
  })
  // Runs that an import added are listed at once.
  client.subscribe('session.imported', () => void load.run())
  const check = createAction(async () => {
    checked.value = await client.call('workload.check', {})
  })
  const start = createAction(async (request: CommandInput<'workload.start'>) => {
    const { id } = await client.call('workload.start', request)
    await select.run(id)
  })
  const exportTo = createAction(
    async (id: string, folder: string) => (await client.call('workload.export', { id, folder })).files
  )

  forgetOnChange(() => open.value?.id, [exportTo])
  return { runs, open, checked, select, load, check, start, exportTo }
})
