import { ipcMain, type BrowserWindow, type IpcMainInvokeEvent, type WebFrameMain } from 'electron'
import { AppError } from '../../shared/errors'
import { ipcChannels } from '../../shared/contract/framework/ipc'
import { callRequestSchema, type CallReply } from '../../shared/contract/framework/transport'
import type { Dispatch } from './dispatcher'
import { createOutbox, type EventBus } from './eventBus'
import { createTaskbarProgress } from './taskbarProgress'

/**
 * The contract over IPC. Only the top frame of a window we opened, showing our own page, may call; everything else is
 * refused before it reaches a service.
 */
export function serveElectron(options: {
  dispatch: Dispatch
  events: EventBus
  /** True for the URL of our own page. */
  isOwnPage: (url: string) => boolean
}): { attach(window: BrowserWindow): void; close(): void } {
  const { dispatch, events, isOwnPage } = options
  const windows = new Set<BrowserWindow>()

  const isTrusted = (frame: WebFrameMain | null, senderId: number): boolean =>
    frame !== null &&
    frame.parent === null &&
    isOwnPage(frame.url) &&
    [...windows].some((window) => !window.isDestroyed() && window.webContents.id === senderId)

  ipcMain.handle(
    ipcChannels.call,
    async (event: IpcMainInvokeEvent, request: unknown): Promise<CallReply> => {
      if (!isTrusted(event.senderFrame, event.sender.id)) {
        return refuse('This page may not call Bitbench.')
      }
      const parsed = callRequestSchema.safeParse(request)
      if (!parsed.success) return refuse('The request is not a command with input.')
      const controller = new AbortController()
      const onGone = (): void => controller.abort()
      event.sender.once('destroyed', onGone)
      try {
        return await dispatch(parsed.data.name, parsed.data.input, { signal: controller.signal })
      } finally {
        event.sender.removeListener('destroyed', onGone)
      }
    }
  )

  return {
    attach(window) {
      windows.add(window)
      const outbox = createOutbox((messages) => {
        if (!window.isDestroyed()) window.webContents.send(ipcChannels.event, messages)
      })
      const stop = events.listen(outbox.push)
      const taskbar = createTaskbarProgress((share) => {
        if (!window.isDestroyed()) window.setProgressBar(share)
      })
      const stopTaskbar = events.listen(taskbar)
      window.once('closed', () => {
        stop()
        stopTaskbar()
        outbox.close()
        windows.delete(window)
      })
    },
    close() {
      ipcMain.removeHandler(ipcChannels.call)
    }
  }
}

function refuse(message: string): CallReply {
  return {
    ok: false,
    error: new AppError('host.unauthorised', message, 'Use the Bitbench window.').toJSON()
  }
}
