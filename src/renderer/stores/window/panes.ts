import { defineStore } from 'pinia'
import { ref } from 'vue'

/** Sizes of panes that were changed by hand; kept with the workspace, so they outlive the window. */
export const usePanes = defineStore('panes', () => {
  /** By the name of the pane: columns in percent of the width, heights and widths of panels in px. */
  const sizes = ref<Readonly<Record<string, number>>>({})

  /** Sets a size; null: the size it has by default. */
  function resize(name: string, size: number | null): void {
    const { [name]: _, ...others } = sizes.value
    sizes.value = size === null ? others : { ...others, [name]: size }
  }
  return { sizes, resize }
})
