import type { InspectedFile, RecentFile } from '@shared/contract/file'
import { ref, type Ref } from 'vue'
import type { Client } from '../../client/client'
import { createAction, type Action } from './action'

/** Files that were opened before, newest first, as the host keeps them. */
export interface RecentFileList {
  readonly recent: Ref<RecentFile[]>
  remember(file: Pick<InspectedFile, 'path' | 'kind'>): Promise<void>
  readonly load: Action<[], void>
  /** Forgets one; null: all of them. */
  readonly forget: Action<[path: string | null], void>
}

/** Empty until it is read. */
export function createRecentFileList(client: Client): RecentFileList {
  const recent = ref<RecentFile[]>([])

  async function remember({ path, kind }: Pick<InspectedFile, 'path' | 'kind'>): Promise<void> {
    recent.value = (await client.call('file.remember', { path, kind })).files
  }
  const load = createAction(async () => {
    recent.value = (await client.call('file.recent', {})).files
  })
  const forget = createAction(async (path: string | null) => {
    recent.value = (await client.call('file.forget', { path })).files
  })

  return { recent, remember, load, forget }
}
