import type { EnergyReport } from '@shared/contract/energy'
import type { Recording } from '@shared/contract/gpu'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { useGpu } from './gpu'
import { createAction } from './window/action'

/** The newest that is complete, else the newest. */
const pick = (recordings: readonly Recording[]): Recording | null =>
  recordings.find(({ network }) => network?.complete !== false) ?? recordings.at(0) ?? null

/** Energy of a network on a board: the measurement that this window began, and what the newest one found, whoever began it. */
export const useBoardEnergy = defineStore('boardEnergy', () => {
  const client = useClient()
  const gpu = useGpu()
  const started = shallowRef<CommandOutput<'deploy.energy'> | null>(null)
  /** The network that the page shows. */
  const modelId = ref<string | null>(null)
  /** The board that the page shows; null: whichever. */
  const boardId = ref<string | null>(null)
  const report = shallowRef<EnergyReport | null>(null)
  /**
   * The newest measurement of that network on that board that came to its end; without one, the newest that was ended early. Of a
   * network that was never measured on it, that of another board, whose name stands beside it.
   */
  const recording = computed(() => {
    const ended = gpu.recordings.filter(
      ({ network, state }) => network !== undefined && network.modelId === modelId.value && state === 'done'
    )
    const here = ended.filter(({ network }) => network?.boardId === boardId.value)
    return pick(here) ?? pick(ended)
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
  return { started, modelId, boardId, recording, report, read, start }
})
