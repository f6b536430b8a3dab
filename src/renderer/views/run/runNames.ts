import type { RunKindName } from '@shared/contract/run'
import { onMounted } from 'vue'
import { useRunLists } from '../../stores/runList'

/** Returns the name that a user gave to a run of this kind; null without one. Names are read with the component. */
export function useRunNames(kind: RunKindName): (id: string) => string | null {
  const lists = useRunLists()
  onMounted(() => void lists.load.run(kind))
  return (id) => lists.nameOf(kind, id)
}
