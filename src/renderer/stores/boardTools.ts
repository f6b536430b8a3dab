import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './window/action'

/** Programs of others that reach boards: what is installed, and what they are asked to do. */
export const useBoardTools = defineStore('boardTools', () => {
  const client = useClient()
  const found = shallowRef<CommandOutput<'board.tools'> | null>(null)
  const devices = shallowRef<CommandOutput<'board.detectFpga'>['devices'] | null>(null)

  const load = createAction(async () => {
    found.value = await client.call('board.tools', {})
  })

  let looks = 0
  /** Forgets the chips that were found, and those that a search which still runs will find. */
  function forgetDevices(): void {
    looks += 1
    devices.value = null
  }

  const detect = createAction(async (target: CommandInput<'board.detectFpga'>['target']) => {
    forgetDevices()
    const look = looks
    const found = (await client.call('board.detectFpga', { target }, { timeoutMs: 70_000 })).devices
    if (look === looks) devices.value = found
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
