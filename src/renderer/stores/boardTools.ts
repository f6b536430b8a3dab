import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './window/action'
import { createNewest } from './window/newest'

/** Programs of others that reach boards: what is installed, and what they run. */
export const useBoardTools = defineStore('boardTools', () => {
  const client = useClient()
  const found = shallowRef<CommandOutput<'board.tools'> | null>(null)
  const devices = shallowRef<CommandOutput<'board.detectFpga'>['devices'] | null>(null)

  const load = createAction(async () => {
    found.value = await client.call('board.tools', {})
  })

  const beginLook = createNewest()
  /** Forgets the chips that were found, and those that a search which still runs will find. Returns whether it was the last one. */
  function forgetDevices(): () => boolean {
    devices.value = null
    return beginLook()
  }

  const detect = createAction(async (target: CommandInput<'board.detectFpga'>['target']) => {
    const isNewest = forgetDevices()
    const found = (await client.call('board.detectFpga', { target }, { timeoutMs: 70_000 })).devices
    if (isNewest()) devices.value = found
  })

  const bitstream = createAction(
    async (order: CommandInput<'board.bitstream'>) =>
      (await client.call('board.bitstream', order, { timeoutMs: 120_000 })).jobId
  )

  const debugLoad = createAction(
    async (order: CommandInput<'board.debugLoad'>) =>
      (await client.call('board.debugLoad', order, { timeoutMs: 120_000 })).jobId
  )

  return { found, devices, load, detect, forgetDevices, bitstream, debugLoad }
})
