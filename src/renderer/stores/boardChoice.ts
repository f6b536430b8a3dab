import { computed, ref, type ComputedRef, type Ref } from 'vue'
import { useBoards } from './board'
import { useProfile } from './profile'

/** A board in a list to choose from. */
export interface BoardChoice {
  value: string
  text: string
}

/** Boards a page can work with: those connected, and those that left Samples in the data file. */
export function useBoardChoice(): { boardId: Ref<string>; choices: ComputedRef<BoardChoice[]> } {
  const boards = useBoards()
  const profile = useProfile()
  const picked = ref<string | null>(null)
  const choices = computed(() => {
    const byId = new Map<string, string>()
    for (const { id, name } of boards.connected) byId.set(id, `${name} (connected)`)
    for (const { boardId, boardName } of profile.groups) {
      if (!byId.has(boardId)) byId.set(boardId, `${boardName} (samples kept)`)
    }
    return [...byId].map(([value, text]) => ({ value, text }))
  })
  const boardId = computed({
    get: () =>
      choices.value.some(({ value }) => value === picked.value)
        ? picked.value!
        : (boards.active?.id ?? choices.value[0]?.value ?? ''),
    set: (id: string) => {
      picked.value = id
    }
  })
  return { boardId, choices }
}
