import type { AppErrorJson } from '@shared/errors'
import { ref, type Ref } from 'vue'
import type { MenuItem } from '../../components/buttons/MenuButton.vue'
import { saveBlob } from '../../components/fields/fileBytes'
import type { DrawnSvg } from './domSvg'
import { attempt, copyPicture, fileName, svgToPng } from './save'

/** What the entries of an export menu are made with. */
export interface Exports {
  /** Why the last export failed. */
  error: Ref<AppErrorJson | null>
  /** What an entry runs. */
  doing(action: () => void | Promise<void>): () => Promise<void>
  /** Entries for what is drawn as SVG; `note` is added to the texts of those that save a file. */
  picture(label: string, drawn: () => DrawnSvg, note?: string): Record<'png' | 'svg' | 'copy', MenuItem>
}

/** Exports of one part of a page, with the error that the last one ended with. */
export function createExports(): Exports {
  const error = ref<AppErrorJson | null>(null)
  const doing: Exports['doing'] = (action) => async () => {
    error.value = await attempt(action)
  }
  return {
    error,
    doing,
    picture(label, drawn, note = '') {
      const png = (): Promise<Blob> => svgToPng(drawn())
      return {
        png: {
          text: `PNG, twice the size${note}`,
          run: doing(async () => saveBlob(fileName(label, 'png'), await png()))
        },
        svg: {
          text: `SVG${note}`,
          run: doing(() =>
            saveBlob(fileName(label, 'svg'), new Blob([drawn().svg], { type: 'image/svg+xml' }))
          )
        },
        copy: { text: 'Copy picture', run: doing(() => copyPicture(png())) }
      }
    }
  }
}
