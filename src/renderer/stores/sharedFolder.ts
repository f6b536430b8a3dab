import type { RunKindName } from '@shared/contract/run'
import type { SharedOutcome, SharedRun } from '@shared/contract/shared'
import { defineStore } from 'pinia'
import { computed, reactive, ref } from 'vue'
import type { CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './window/action'
import { useJobs } from './job'

/** New files are read to their end before they are listed, on drives of any speed, ms. */
const readTimeoutMs = 120_000

/** The folder in which hosts publish, what they published, and what this host takes over. */
export const useSharedFolder = defineStore('sharedFolder', () => {
  const client = useClient()
  const jobs = useJobs()
  const status = ref<CommandOutput<'shared.status'> | null>(null)
  /** What is typed and not yet sent. */
  const draft = reactive({ folder: '', name: '', reuse: true })
  const isNamed = computed(() => (status.value?.folder ?? null) !== null)
  const jobId = ref<string | null>(null)
  const outcome = ref<SharedOutcome | null>(null)
  const runs = ref<SharedRun[]>([])
  const total = ref(0)
  const publishing = computed(() => jobs.get(jobId.value) ?? null)

  const load = createAction(async () => {
    status.value = await client.call('shared.status', {}, { timeoutMs: readTimeoutMs })
  })
  const use = createAction(async () => {
    const name = draft.name.trim()
    status.value = await client.call(
      'shared.use',
      { folder: draft.folder.trim(), name: name === '' ? null : name, reuse: draft.reuse },
      { timeoutMs: readTimeoutMs }
    )
    draft.folder = ''
    outcome.value = null
  })
  /** Results of other hosts used or not; the folder stays. */
  const setReuse = createAction(async (reuse: boolean) => {
    const now = status.value
    if (now?.folder == null) return
    status.value = await client.call(
      'shared.use',
      { folder: now.folder, name: now.name, reuse },
      { timeoutMs: readTimeoutMs }
    )
  })
  const forget = createAction(async () => {
    status.value = await client.call('shared.forget', {})
    runs.value = []
    outcome.value = null
  })
  const publish = createAction(async () => {
    outcome.value = null
    const started = await client.call('shared.publish', {}, { timeoutMs: readTimeoutMs })
    jobId.value = started.jobId
    await jobs.whenSettled(started.jobId)
    outcome.value = await client.call('shared.outcome', started)
    await load.run()
  })
  /** Runs of other hosts; without a folder there are none. */
  const list = createAction(async (text: string, kind: RunKindName | null) => {
    if (status.value === null) await load.run()
    if (!isNamed.value || status.value?.problem != null) {
      runs.value = []
      total.value = 0
      return
    }
    const found = await client.call(
      'shared.runs',
      { text, kinds: kind === null ? [] : [kind] },
      { timeoutMs: readTimeoutMs }
    )
    runs.value = found.runs
    total.value = found.total
  })
  /** Adds runs here; returns their ids here, in the order chosen. */
  const take = createAction(async (chosen: readonly SharedRun[]): Promise<string[]> => {
    const taken: string[] = []
    for (const { host, id, hereAs } of chosen) {
      if (hereAs !== null) {
        taken.push(hereAs)
        continue
      }
      const { runs: added } = await client.call(
        'shared.take',
        { host, ids: [id] },
        { timeoutMs: readTimeoutMs }
      )
      const own = added.find((run) => run.id === id) ?? added[0]
      if (own !== undefined) taken.push(own.id)
    }
    return taken
  })

  client.subscribe('shared.changed', () => {
    // What came while the folder was read is in it or in the next change.
    if (!load.busy) void load.run()
  })

  return {
    ...{ status, draft, isNamed, outcome, runs, total, publishing },
    ...{ load, use, setReuse, forget, publish, list, take }
  }
})
