import type { Settings } from '@shared/contract/app'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CommandOutput, ConnectionState } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forgetErrors } from './action'

/** Errors that are over as soon as the host is heard again. */
const hostErrors: ReadonlySet<string> = new Set(['host.disconnected', 'host.timeout', 'host.unauthorised'])

export type AppInfo = CommandOutput<'app.info'>

/** What this copy of Bitbench is, its settings, and whether the host can be heard. */
export const useApp = defineStore('app', () => {
  const client = useClient()
  const info = ref<AppInfo | null>(null)
  const settings = ref<Settings | null>(null)
  const connection = ref<ConnectionState>('connecting')
  /** Events the host had to drop because this window was too slow. */
  const droppedEvents = ref(0)
  const systemDark = ref(true)
  const theme = computed<'dark' | 'light'>(() => {
    const chosen = settings.value?.theme ?? 'system'
    return chosen === 'system' ? (systemDark.value ? 'dark' : 'light') : chosen
  })

  client.onConnection((state) => {
    connection.value = state
    if (state === 'connected') forgetErrors(({ code }) => hostErrors.has(code))
  })
  client.subscribe('app.settingsChanged', (next) => {
    settings.value = next
  })
  client.subscribe('host.dropped', ({ count }) => {
    droppedEvents.value += count
  })

  const load = createAction(async () => {
    const [nextInfo, nextSettings] = await Promise.all([
      client.call('app.info', {}),
      client.call('app.settings', {})
    ])
    info.value = nextInfo
    settings.value = nextSettings
  })

  const save = createAction(async (changes: Partial<Settings>) => {
    settings.value = await client.call('app.saveSettings', changes)
  })

  return { info, settings, connection, droppedEvents, systemDark, theme, load, save }
})
