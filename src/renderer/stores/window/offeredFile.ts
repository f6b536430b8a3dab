import type { InspectedFile } from '@shared/contract/file'
import type { FileKind } from '@shared/vocabulary'
import { onMounted, watch } from 'vue'
import { useFiles } from '../file'

/** Takes an opened file of these kinds when the page that can use it is shown, and later ones while it is shown. */
export function useOffered(kinds: readonly FileKind[], use: (file: InspectedFile) => void): void {
  const files = useFiles()
  const take = (): void => {
    const file = files.take(...kinds)
    if (file !== null) use(file)
  }
  onMounted(take)
  watch(() => files.offered, take)
}
