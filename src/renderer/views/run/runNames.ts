import type { RunKindName } from '@shared/contract/run'
import { onMounted } from 'vue'
import { useRunLists } from '../../stores/runList'
import { named } from './runTexts'

/** Returns what a run of this kind is called: the name that it was given, else its title. Names are read with the component. */
export function useRunNames(kind: RunKindName): (id: string, title: string) => string {
  const lists = useRunLists()
  onMounted(() => void lists.load.run(kind))
  return (id, title) => named(lists.nameOf(kind, id), title)
}
