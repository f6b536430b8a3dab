import type { CommandOutput } from '@shared/contract'
import type { NetworkCalibration } from '@shared/contract/proxy/proxyCalibration'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { useClient } from '../client/current'
import { createAction, forEvery } from './window/action'
import { useJobs } from './job'

/** Networks that were measured whole, for Search and Deploy to predict by. */
export const useCalibrations = defineStore('calibration', () => {
  const client = useClient()
  const jobs = useJobs()
  const calibrations = ref<NetworkCalibration[]>([])

  const unreadable = ref<CommandOutput<'proxy.calibrations'>['unreadable']>([])

  const load = createAction(async () => {
    const list = await client.call('proxy.calibrations', {})
    calibrations.value = list.calibrations
    unreadable.value = list.unreadable
  })
  const calibrate = createAction(async (boardId: string, modelId: string) => {
    const { jobId } = await client.call('proxy.calibrate', { boardId, modelId })
    await jobs.whenSettled(jobId)
    await load.run()
  })
  /** Every one of them is tried before a failure is reported. */
  const forgetAll = createAction(async (rows: readonly Pick<NetworkCalibration, 'boardId' | 'modelId'>[]) => {
    await forEvery(rows, ({ boardId, modelId }) =>
      client.call('proxy.forgetCalibration', { boardId, modelId })
    ).finally(() => load.run())
  })
  return { calibrations, unreadable, load, calibrate, forgetAll }
})
