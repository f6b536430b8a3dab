import type { Settings } from '@shared/contract/app'
import type { StoreLoss } from '@shared/contract/store'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CommandOutput, ConnectionState } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forgetErrors } from './window/action'

/** Errors that are over as soon as the host responds again. */
const hostErrors: ReadonlySet<string> = new Set(['host.disconnected', 'host.timeout', 'host.unauthorised'])

/** Versions, host and folder of the program. */
export type AppInfo = CommandOutput<'app.info'>

/** What this copy of Bitbench is, its settings, and whether the host responds. */
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

  /** Losses of the data file whose notice was not put away yet. */
  const losses = ref<StoreLoss[]>([])

  const load = createAction(async () => {
    const [nextInfo, nextSettings, { losses: found }] = await Promise.all([
      client.call('app.info', {}),
      client.call('app.settings', {}),
      client.call('store.losses', {})
    ])
    info.value = nextInfo
    settings.value = nextSettings
    losses.value = found.filter(({ isSeen }) => !isSeen)
  })

  const dismissLoss = createAction(async (id: string) => {
    await client.call('store.dismissLoss', { id })
    losses.value = losses.value.filter((loss) => loss.id !== id)
  })

  const save = createAction(async (changes: Partial<Settings>) => {
    settings.value = await client.call('app.saveSettings', changes)
  })

  return { info, settings, connection, droppedEvents, systemDark, theme, losses, load, save, dismissLoss }
})
