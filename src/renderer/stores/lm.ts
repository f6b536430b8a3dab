import type { LmChat, LmFilesJson, LmInfo, LmLoss, LmMemory, LmStep } from '@shared/contract/lm'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { CommandInput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './window/action'

/** The model that ships with Bitbench. */
export const shippedLmName = 'glosses-260k'

/** Language models: the open one, its memory plan, the last text a board continued, the last perplexities. */
export const useLanguageModels = defineStore('lm', () => {
  const client = useClient()
  const files = ref<LmFilesJson>({ model: shippedLmName })
  const info = shallowRef<LmInfo | null>(null)
  const memory = shallowRef<LmMemory | null>(null)
  const chat = shallowRef<LmChat | null>(null)
  const steps = shallowRef<LmStep[]>([])
  const loss = shallowRef<LmLoss | null>(null)

  client.subscribe('lm.chatChanged', (changed) => {
    if (changed.jobId !== chat.value?.jobId) steps.value = []
    chat.value = changed
  })
  client.subscribe('lm.steps', ({ jobId, steps: more }) => {
    // A window that was opened in the middle has the earlier steps from lm.last.
    const known = steps.value.at(-1)?.position ?? -1
    if (jobId === chat.value?.jobId)
      steps.value = [...steps.value, ...more.filter(({ position }) => position > known)]
  })
  client.subscribe('lm.lossChanged', (changed) => (loss.value = changed))

  let latestPlan = 0
  /** The plan, also one that is being made, is of another choice. */
  function forgetPlan(): void {
    latestPlan++
    memory.value = null
  }
  const read = createAction(async (chosen: LmFilesJson) => {
    forgetPlan()
    const found = await client.call('lm.info', { files: chosen })
    files.value = chosen
    info.value = found
  })
  const load = createAction(async () => {
    const last = await client.call('lm.last', {})
    chat.value = last.chat
    steps.value = last.steps
    loss.value = last.loss
    if (info.value === null) await read.run(files.value)
  })
  const plan = createAction(async (input: Omit<CommandInput<'lm.plan'>, 'files'>) => {
    forgetPlan()
    const mine = latestPlan
    const found = await client.call('lm.plan', { files: files.value, ...input }, { timeoutMs: 300_000 })
    // A slower plan of an earlier choice must not stand under the present one.
    if (mine === latestPlan) memory.value = found.memory
  })
  const talk = createAction(async (input: Omit<CommandInput<'lm.chat'>, 'files'>) =>
    client.call('lm.chat', { files: files.value, ...input })
  )
  const measure = createAction(async (input: Omit<CommandInput<'lm.perplexity'>, 'files'>) =>
    client.call('lm.perplexity', { files: files.value, ...input })
  )
  return { files, info, memory, chat, steps, loss, read, load, plan, forgetPlan, talk, measure }
})
