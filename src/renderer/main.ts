import './client/jitless'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import type { Client } from './client/client'
import { provideClient } from './client/current'
import { createIpcClient } from './client/ipcClient'
import { createWebClient, takeToken } from './client/webClient'
import { restoreWorkspace } from './stores/window/workspace'
import './theme/tokens.css'
import './theme/base.css'
import AccessNeeded from './views/AccessNeeded.vue'

// Worn until the settings arrive, so that a dark desktop sees no white flash.
document.documentElement.dataset['theme'] = matchMedia('(prefers-color-scheme: light)').matches
  ? 'light'
  : 'dark'

/** Electron's bridge where there is one; else the host this page came from, if the address carried a token. */
function chooseClient(): Client | null {
  if (window.bitbench !== undefined) return createIpcClient(window.bitbench)
  const token = takeToken(location, sessionStorage, history)
  return token === null ? null : createWebClient({ origin: location.origin, token })
}

const client = chooseClient()
if (client === null) createApp(AccessNeeded).mount('#app')
else {
  provideClient(client)
  const app = createApp(App).use(createPinia())
  void restoreWorkspace(client).finally(() => app.mount('#app'))
}
