import type { EnergyReport } from '@shared/contract/energy'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { useGpu } from './gpu'
import { createAction } from './window/action'

/** Energy of a network on a board: the measurement that this window began, and what the newest one found, whoever began it. */
export const useBoardEnergy = defineStore('boardEnergy', () => {
  const client = useClient()
  const gpu = useGpu()
  const started = shallowRef<CommandOutput<'deploy.energy'> | null>(null)
  /** The network that the page shows. */
  const modelId = ref<string | null>(null)
  const report = shallowRef<EnergyReport | null>(null)
  /** The newest measurement of that network that came to its end; without one, the newest that was ended early. */
  const recording = computed(() => {
    const ended = gpu.recordings.filter(
      ({ network, state }) => network !== undefined && network.modelId === modelId.value && state === 'done'
    )
    return ended.find(({ network }) => network?.complete !== false) ?? ended.at(0) ?? null
  })

  const read = createAction(async (recordingId: string) => {
    const found = await client.call('energy.report', { recordingId })
    if (recording.value?.id === recordingId) report.value = found
  })
  watch(
    () => recording.value?.id,
    (id) => {
      report.value = null
      if (id !== undefined) void read.run(id)
    }
  )
  const start = createAction(async (input: CommandInput<'deploy.energy'>) => {
    started.value = null
    // The network is fitted and compared before the meter is started.
    started.value = await client.call('deploy.energy', input, { timeoutMs: 600_000 })
  })
  return { started, modelId, recording, report, read, start }
})
