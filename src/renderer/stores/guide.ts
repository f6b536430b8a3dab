import type { Loop, LoopStep, LoopStepId } from '@shared/contract/loop'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { useClient } from '../client/current'
import { createAction } from './window/action'
import { createNewest } from './window/newest'
import { useApp } from './app'
import type { PageId } from './window/navigation'

/** A step of the loop with the words around it. */
export interface GuideStep extends LoopStep {
  readonly title: string
  readonly purpose: string
  /** Where its result is shown in full. */
  readonly page: PageId
}

const texts: Readonly<Record<LoopStepId, Pick<GuideStep, 'title' | 'purpose' | 'page'>>> = {
  connect: { page: 'boards', title: 'Connect', purpose: 'Start the virtual board and identify its monitor.' },
  profile: {
    page: 'profile',
    title: 'Profile',
    purpose: 'Run the kernels at the shapes of the network and around them.'
  },
  fit: {
    page: 'proxy',
    title: 'Fit',
    purpose: 'Learn to predict a layer’s cost, and measure how well that works.'
  },
  search: { page: 'search', title: 'Search', purpose: 'Choose the bits of every layer within a budget.' },
  deploy: { page: 'deploy', title: 'Deploy', purpose: 'Upload the network and run it on real test images.' },
  check: {
    page: 'deploy',
    title: 'Check',
    purpose: 'Compare every output and the cost with what was predicted.'
  }
}

const waiting = (id: LoopStepId): LoopStep => ({
  id,
  state: 'waiting',
  jobId: null,
  startedAtMs: null,
  finishedAtMs: null,
  results: [],
  error: null
})

/** The guided run: a view of the stored loop (loop.run), which the host keeps over reloads and restarts. */
export const useGuide = defineStore('guide', () => {
  const client = useClient()
  const app = useApp()
  const loop = ref<Loop | null>(null)
  /** The loop that was opened by its id; null: the newest one is shown. */
  let chosenId: string | null = null

  const steps = computed<GuideStep[]>(() =>
    (Object.keys(texts) as LoopStepId[]).map((id) => ({
      ...(loop.value?.steps.find((step) => step.id === id) ?? waiting(id)),
      ...texts[id]
    }))
  )
  const isRunning = computed(() => loop.value?.state === 'running')
  const isDone = computed(() => loop.value?.state === 'done')
  /** The loop stopped before its end and goes on after its last finished step. */
  const canResume = computed(() =>
    ['cancelled', 'failed', 'interrupted'].includes(loop.value?.state ?? 'done')
  )
  /** The board of the next loop. */
  const nextBoardId = computed(() => app.settings?.defaultBoard ?? 'virtual:small')
  const boardId = computed(() => loop.value?.request.boardId ?? nextBoardId.value)

  function accept(changed: Loop): void {
    const shown = loop.value
    if (shown !== null && shown.id !== changed.id && shown.startedAtMs > changed.startedAtMs) return
    // A later loop began: it is followed from here on.
    if (shown?.id !== changed.id) chosenId = null
    const isNews = changed.state === 'done' && shown?.state !== 'done'
    loop.value = changed
    if (isNews && app.settings?.guideSeen === false) void app.save.run({ guideSeen: true })
  }
  client.subscribe('loop.changed', accept)

  /** Shows the loop that was opened last, the newest one where none was. */
  const load = createAction(async () => {
    const { loops } = await client.call('loop.list', {})
    loop.value = loops.find(({ id }) => id === chosenId) ?? loops[0] ?? null
  })
  const beginShow = createNewest()
  const show = createAction(async (loopId: string) => {
    const isNewest = beginShow()
    chosenId = loopId
    const found = (await client.call('loop.get', { loopId })).loop
    // Another loop was opened while this one was read.
    if (isNewest()) loop.value = found
  })
  const start = createAction(async () => {
    const { loopId } = await client.call('loop.run', { boardId: nextBoardId.value })
    await show.run(loopId)
  })
  const resume = createAction(async () => {
    if (loop.value === null) return
    const { loopId } = await client.call('loop.resume', { loopId: loop.value.id })
    await show.run(loopId)
  })
  /** Cancels the loop with the job of its running step. */
  const cancel = createAction(async () => {
    const jobId = loop.value?.jobId ?? null
    if (jobId !== null) await client.call('job.cancel', { id: jobId })
  })

  return {
    loop,
    steps,
    isRunning,
    isDone,
    canResume,
    boardId,
    nextBoardId,
    load,
    show,
    start,
    resume,
    cancel
  }
})
