import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron'
import { ipcChannels } from '../shared/contract/framework/ipc'
import type { CallReply, EventMessage, PreloadApi } from '../shared/contract/framework/transport'

/**
 * Exposes call and subscribe, and the path of a file the user gave to the window, which a page cannot ask for itself.
 * What may be called is decided by the contract in the main process.
 */
const api: PreloadApi = {
  call: (name, input) => ipcRenderer.invoke(ipcChannels.call, { name, input }) as Promise<CallReply>,
  subscribe(listener) {
    const onMessages = (_event: IpcRendererEvent, messages: EventMessage[]): void => {
      for (const message of messages) listener(message)
    }
    ipcRenderer.on(ipcChannels.event, onMessages)
    return () => ipcRenderer.removeListener(ipcChannels.event, onMessages)
  },
  pathOf: (file) => webUtils.getPathForFile(file as File)
}

contextBridge.exposeInMainWorld('bitbench', api)
