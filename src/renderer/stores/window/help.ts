import { defineStore } from 'pinia'
import { ref } from 'vue'

/** Which of the two overlays of the window is open: the guide, or the list of commands. */
export const useHelp = defineStore('help', () => {
  const isGuideOpen = ref(false)
  const isPaletteOpen = ref(false)

  function openGuide(): void {
    isPaletteOpen.value = false
    isGuideOpen.value = true
  }
  function openPalette(): void {
    isGuideOpen.value = false
    isPaletteOpen.value = true
  }

  return { isGuideOpen, isPaletteOpen, openGuide, openPalette }
})
