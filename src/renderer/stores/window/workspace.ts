import type { Workspace } from '@shared/contract/app'
import { watch } from 'vue'
import type { Client } from '../../client/client'
import { useApp } from '../app'
import { useBoards } from '../board'
import { useDataSets } from '../dataset'
import { useModels } from '../model'
import { useLastRuns } from './lastRuns'
import { usePanes } from './panes'
import { pageOfHash, useNavigation } from './navigation'

/** A host that is slow to reply must not keep the window empty. */
const restoreMs = 1500
/** Changes are saved together, so long after the last one. */
const saveMs = 400

/**
 * Shows what was looked at last: page, network, board, data set, runs, sizes of panes. An address that names a page has precedence, and
 * so has what was opened before a slow host replied. Resolves when it is shown, or after 1.5 s; never rejects: without a host the
 * window begins as on the first day.
 */
export async function restoreWorkspace(client: Client): Promise<void> {
  const navigation = useNavigation()
  const first = navigation.current
  const restored = (async (): Promise<void> => {
    try {
      const settings = await client.call('app.settings', {})
      useApp().settings ??= settings
      if (navigation.current === first) apply(settings.workspace)
    } catch {
      // Reported by the window itself, which requests the settings again.
    }
    keep(client)
  })()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, restoreMs)))
  await Promise.race([restored, late])
  clearTimeout(timer)
}

/** What is looked at now. */
function workspaceNow(): Workspace {
  const models = useModels()
  return {
    page: useNavigation().current,
    modelId: models.open?.id ?? models.lastId,
    boardId: useBoards().chosenId,
    dataSet: useDataSets().openName,
    runs: useLastRuns().ids as Workspace['runs'],
    sizes: usePanes().sizes
  }
}

function apply({ page, modelId, boardId, dataSet, runs, sizes }: Workspace): void {
  const navigation = useNavigation()
  const last = page === null ? null : pageOfHash(page)
  if (pageOfHash(location.hash) === null && last !== null) navigation.open(last)
  useModels().lastId = modelId
  // What was chosen while a slow host had not replied yet stands.
  useBoards().chosenId ??= boardId
  useDataSets().openName ??= dataSet
  useLastRuns().ids = { ...runs, ...useLastRuns().ids }
  usePanes().sizes = { ...sizes, ...usePanes().sizes }
}

/** Saves what is looked at whenever it changes. */
function keep(client: Client): void {
  let saved = JSON.stringify(workspaceNow())
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(workspaceNow, (workspace) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      const text = JSON.stringify(workspace)
      if (text === saved) return
      saved = text
      // Not worth a notice: the next change is saved again.
      client.call('app.saveSettings', { workspace }).catch(() => (saved = ''))
    }, saveMs)
  })
}
