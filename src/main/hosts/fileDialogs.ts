import type { FileDialogs } from '../file/fileService'

/** The part of Electron's `dialog` that is used, so that nothing but the entry imports Electron. */
export interface SystemDialogs<W> {
  showOpenDialog(window: W, options: OpenOptions): Promise<{ canceled: boolean; filePaths: string[] }>
  showSaveDialog(window: W, options: DialogOptions): Promise<{ canceled: boolean; filePath?: string }>
}

interface DialogOptions {
  title: string
  defaultPath?: string
  filters?: { name: string; extensions: string[] }[]
}

interface OpenOptions extends DialogOptions {
  properties: ('openFile' | 'openDirectory' | 'createDirectory')[]
}

/** File dialogs over those of Electron, as sheets of the window in front. */
export function createFileDialogs<W>(dialog: SystemDialogs<W>, inFront: () => W | null): FileDialogs {
  return {
    async pick({ what, title, endings, name }) {
      const window = inFront()
      if (window === null) return null
      const options: DialogOptions = {
        title,
        ...(name === '' ? {} : { defaultPath: name }),
        ...(endings.length === 0
          ? {}
          : {
              filters: [
                { name: title, extensions: endings },
                { name: 'All files', extensions: ['*'] }
              ]
            })
      }
      if (what === 'save') {
        const { canceled, filePath } = await dialog.showSaveDialog(window, options)
        return canceled || filePath === undefined || filePath === '' ? null : filePath
      }
      const { canceled, filePaths } = await dialog.showOpenDialog(window, {
        ...options,
        properties: what === 'folder' ? ['openDirectory', 'createDirectory'] : ['openFile']
      })
      return canceled ? null : (filePaths[0] ?? null)
    }
  }
}
