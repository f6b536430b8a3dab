import type { InspectedFile } from '@shared/contract/file'
import type { FileKind } from '@shared/vocabulary'
import { type ComponentInternalInstance, getCurrentInstance, nextTick, onMounted, watch } from 'vue'
import { useFiles } from '../file'

/** Takes an opened file of these kinds when the page that can use it is shown, and later ones while it is shown. */
export function useOffered(kinds: readonly FileKind[], use: (file: InspectedFile) => void): void {
  const files = useFiles()
  const instance = getCurrentInstance()
  const take = (): void => {
    const file = files.take(...kinds)
    if (file === null) return
    use(file)
    // The form may lie below what the window shows.
    void nextTick(() => elementOf(instance)?.scrollIntoView?.({ block: 'center' }))
  }
  onMounted(take)
  watch(() => files.offered, take)
}

/** What a component draws; null for one that draws nothing. */
function elementOf(instance: ComponentInternalInstance | null): Element | null {
  const drawn: unknown = instance?.proxy?.$el
  if (drawn instanceof Element) return drawn
  return drawn instanceof Node ? drawn.parentElement : null
}
