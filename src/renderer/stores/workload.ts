import type { WorkloadRun } from '@shared/contract/workload'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { followStoredRuns } from './followStoredRuns'
import { createAction, forgetOnChange } from './window/action'
import { useLastRuns } from './window/lastRuns'
import { createNewest } from './window/newest'

type Listed = CommandOutput<'workload.list'>['runs'][number]

/** Least time between two reads of the open run's tables while it runs, ms. */
const refreshMs = 2_000

/** Least time between two drawings of the open run's figures while it runs, ms: they cost more than its tables. */
const redrawMs = 10_000

/** Workload runs; the open one with its tables. */
export const useWorkloads = defineStore('workload', () => {
  const client = useClient()
  const last = useLastRuns()
  const runs = ref<Listed[]>([])
  const open = shallowRef<WorkloadRun | null>(null)
  const checked = shallowRef<CommandOutput<'workload.check'> | null>(null)
  const drawn = shallowRef<({ id: string } & CommandOutput<'workload.figures'>) | null>(null)
  let readAtMs = -Infinity
  let drawnAtMs = -Infinity

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

  const beginSelect = createNewest()
  const select = createAction(async (id: string) => {
    const isNewest = beginSelect()
    readAtMs = performance.now()
    const { run } = await client.call('workload.get', { id })
    // Another run was opened while this one was read.
    if (!isNewest()) return
    open.value = run
    last.note('workload', id)
    const isOther = drawn.value?.id !== id
    if (isOther || run.state !== 'running' || performance.now() - drawnAtMs >= redrawMs) void draw.run(id)
  })
  const draw = createAction(async (id: string) => {
    drawnAtMs = performance.now()
    if (drawn.value?.id !== id) drawn.value = null
    const found = await client.call('workload.figures', { id })
    // Another run may have been opened meanwhile.
    if (open.value?.id === id) drawn.value = { id, ...found }
  })
  /** The runs alone, for other pages. */
  const list = createAction(async () => {
    runs.value = (await client.call('workload.list', {})).runs
  })
  const load = createAction(async () => {
    runs.value = (await client.call('workload.list', {})).runs
    const shown = open.value?.id ?? last.idIn('workload', runs.value) ?? runs.value[0]?.id
    if (shown !== undefined) await select.run(shown)
  })
  followStoredRuns(client, 'workload', {
    listed: () => runs.value,
    load: () => load.run(),
    close: (id) => {
      if (open.value?.id === id) open.value = null
    }
  })
  const check = createAction(async () => {
    checked.value = await client.call('workload.check', {})
  })
  const start = createAction(async (request: CommandInput<'workload.start'>) => {
    const { id } = await client.call('workload.start', request)
    await select.run(id)
  })
  const resume = createAction(async (id: string) => {
    await client.call('run.resume', { id })
    await select.run(id)
  })
  const exportTo = createAction(
    async (id: string, folder: string) =>
      (await client.call('workload.export', { id, folder, figures: true }, { timeoutMs: 600_000 })).files
  )

  forgetOnChange(() => open.value?.id, [exportTo, draw, resume])
  return { runs, open, checked, drawn, select, draw, list, load, check, start, resume, exportTo }
})
