import { computed, type ComputedRef } from 'vue'
import { bitToken } from '../theme/bitColors'
import { useApp } from '../stores/app'

/** The window's colours as canvases need them: resolved text, read again when the theme changes. */
export interface Palette {
  text: string
  dim: string
  line: string
  surface: string
  accent: string
  faint: string
  good: string
  warning: string
  bad: string
  font: string
  bits(weightBits: number): string
}

/** App.vue puts the theme on the document before anything that depends on it is computed again. */
export function usePalette(): ComputedRef<Palette> {
  const app = useApp()
  return computed(() => {
    // What the values depend on; they are read from the document, which already wears it.
    void app.theme
    return currentPalette()
  })
}

/** The colours that the document has now, for what is drawn once: an exported picture. */
export function currentPalette(): Palette {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  return {
    text: token('--text'),
    dim: token('--text-dim'),
    line: token('--line'),
    surface: token('--surface-raised'),
    accent: token('--accent'),
    faint: token('--text-faint'),
    good: token('--good'),
    warning: token('--warning'),
    bad: token('--bad'),
    font: token('--font-text'),
    bits: (weightBits) => token(bitToken(weightBits))
  }
}
