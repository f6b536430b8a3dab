import type { Workspace } from '@shared/contract/app'
import { watch } from 'vue'
import type { Client } from '../../client/client'
import { useApp } from '../app'
import { useBoards } from '../board'
import { useDataSets } from '../dataset'
import { useModels } from '../model'
import { usePanes } from './panes'
import { pageOfHash, useNavigation } from './navigation'

/** A host that is slow to reply must not keep the window empty. */
const restoreMs = 1500
/** Changes are saved together, so long after the last one. */
const saveMs = 400

/**
 * Shows what was looked at last: page, network, board, data set, sizes of panes. An address that names a page has precedence. Never rejects:
 * without a host the window begins as on the first day.
 */
export async function restoreWorkspace(client: Client): Promise<void> {
  try {
    const settings = await client.call('app.settings', {}, { timeoutMs: restoreMs })
    useApp().settings = settings
    apply(settings.workspace)
  } catch {
    // Reported by the window itself, which asks for the settings again.
  }
  keep(client)
}

function apply({ page, modelId, boardId, dataSet, sizes }: Workspace): void {
  const navigation = useNavigation()
  const last = page === null ? null : pageOfHash(page)
  if (pageOfHash(location.hash) === null && last !== null) navigation.open(last)
  useModels().lastId = modelId
  useBoards().chosenId = boardId
  useDataSets().openName = dataSet
  usePanes().sizes = sizes
}

/** Saves what is looked at whenever it changes. */
function keep(client: Client): void {
  const navigation = useNavigation()
  const models = useModels()
  const boards = useBoards()
  const sets = useDataSets()
  const panes = usePanes()
  const now = (): Workspace => ({
    page: navigation.current,
    modelId: models.open?.id ?? models.lastId,
    boardId: boards.chosenId,
    dataSet: sets.openName,
    sizes: panes.sizes
  })
  let saved = JSON.stringify(now())
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(now, (workspace) => {
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
