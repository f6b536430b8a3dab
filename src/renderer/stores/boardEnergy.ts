import type { EnergyReport } from '@shared/contract/energy'
import type { Recording } from '@shared/contract/gpu'
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './window/action'

/** Energy of a network on a board: the measurement that this window began, and what came out. */
export const useBoardEnergy = defineStore('boardEnergy', () => {
  const client = useClient()
  const started = shallowRef<CommandOutput<'deploy.energy'> | null>(null)
  const report = shallowRef<EnergyReport | null>(null)
  /** Where the figures of the report come from. */
  const origin = shallowRef<Recording['origin'] | null>(null)

  const read = createAction(async (recordingId: string) => {
    const found = await client.call('energy.report', { recordingId })
    if (started.value?.recordingId === recordingId) report.value = found
  })
  const start = createAction(async (input: CommandInput<'deploy.energy'>) => {
    report.value = null
    started.value = null
    // The network is fitted and compared before the meter is started.
    started.value = await client.call('deploy.energy', input, { timeoutMs: 600_000 })
  })
  client.subscribe('gpu.recordingChanged', (recording) => {
    if (recording.id !== started.value?.recordingId) return
    origin.value = recording.origin
    if (recording.state !== 'running') void read.run(recording.id)
  })
  return { started, report, origin, read, start }
})
