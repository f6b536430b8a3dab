import type { CommandOutput } from '@shared/contract'
import type { Run } from '@shared/contract/run'
import type { SessionImport } from '@shared/contract/session'
import { countOf } from '@shared/units'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { useClient } from '../client/current'
import { fileToBase64, saveBase64 } from '../components/fields/fileBytes'
import { createAction } from './window/action'

type Example = CommandOutput<'session.examples'>['examples'][number]

/** Session files: runs saved as one file, opened from one, and the examples that ship. */
export const useSessions = defineStore('session', () => {
  const client = useClient()
  const examples = ref<Example[]>([])
  /** What the last import did. */
  const imported = ref<SessionImport | null>(null)

  /** Bytes of the session file that have arrived; null when none is on its way. */
  const download = ref<{ received: number; total: number | null } | null>(null)

  client.subscribe('session.imported', (result) => {
    imported.value = result
  })

  const load = createAction(async () => {
    examples.value = (await client.call('session.examples', {})).examples
  })
  const saveAs = createAction(async (runIds: string[], title: string) => {
    download.value = { received: 0, total: null }
    try {
      const { info, base64 } = await client.call(
        'session.pack',
        { runIds, title },
        { onReceived: (received, total) => (download.value = { received, total }) }
      )
      saveBase64(fileNameOf(title), base64)
      return info
    } finally {
      download.value = null
    }
  })
  const open = createAction(async (file: File) => {
    imported.value = await client.call('session.receive', await fileToBase64(file))
    return imported.value
  })
  const openExample = createAction(async (name: string) => {
    imported.value = await client.call('session.openExample', { name })
    return imported.value
  })

  /** What the last import did, in a sentence; null when it was dismissed. */
  const summary = computed(() => (imported.value === null ? null : summaryOf(imported.value)))

  return { examples, imported, download, summary, load, saveAs, open, openExample }
})

/** Runs that a session file can carry: those that have ended and can be read. */
export const carried = (runs: readonly Run[]): string[] =>
  runs.filter(({ state }) => state !== 'running' && state !== 'unreadable').map(({ id }) => id)

/** A title as the name of a session file. */
export function fileNameOf(title: string): string {
  const plain = title
    .replaceAll(/[^\p{L}\p{N}.-]+/gu, '-')
    .replaceAll(/^[-.]+|-+$/g, '')
    .slice(0, 80)
  return `${plain === '' ? 'bitbench' : plain}.bbsession`
}

/** How many runs were added, and how many were there already. */
export function summaryOf({ runs, notes }: SessionImport): string {
  const added = runs.filter(({ state }) => state !== 'alreadyHere').length
  const known = runs.length - added
  const parts = [
    added === 0 ? 'Nothing was added.' : `${countOf(added, 'run')} added.`,
    ...(known === 0 ? [] : [`${countOf(known, 'run')} ${known === 1 ? 'was' : 'were'} here already.`]),
    ...notes
  ]
  return parts.join(' ')
}
