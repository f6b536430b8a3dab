import { EventEmitter } from 'node:events'
import type { BrowserWindow } from 'electron'
import { describe, expect, it, vi } from 'vitest'
import { callReplySchema, type EventMessage } from '@shared/contract/framework/transport'
import { serveElectron } from '@main/hosts/electronHost'
import { createTestServices, describeHost } from './hostSuite'

type IpcHandler = (event: unknown, request: unknown) => Promise<unknown>
const ipc = vi.hoisted(() => ({
  handlers: new Map<string, (event: unknown, request: unknown) => Promise<unknown>>()
}))
vi.mock('electron', () => ({
  ipcMain: {
    handle: (channel: string, handler: IpcHandler) => ipc.handlers.set(channel, handler),
    removeHandler: (channel: string) => ipc.handlers.delete(channel)
  }
}))

const ownPage = 'file:///bitbench/index.html'

/** A window as far as the host knows one; test/e2e/electron runs the built bundle in a real page. */
class FakeWindow extends EventEmitter {
  listener: (message: EventMessage) => void = () => undefined
  readonly webContents = Object.assign(new EventEmitter(), {
    id: 7,
    send: (_channel: string, messages: EventMessage[]) =>
      messages.forEach((message) => this.listener(message))
  })
  setProgressBar(): void {}
  isDestroyed(): boolean {
    return false
  }
  call(name: unknown, input: unknown, frame = { url: ownPage, parent: null as unknown }): Promise<unknown> {
    return ipc.handlers.get('bitbench:call')!(
      { sender: this.webContents, senderFrame: frame },
      { name, input }
    )
  }
}

function open({ dispatch, events }: ReturnType<typeof createTestServices>) {
  const host = serveElectron({ dispatch, events, isOwnPage: (url) => url === ownPage })
  const window = new FakeWindow()
  host.attach(window as unknown as BrowserWindow)
  return { host, window }
}

describeHost('electron', async (services) => {
  const { host, window } = open(services)
  return {
    call: async (name, input) => callReplySchema.parse(await window.call(name, input)),
    async subscribe(listener) {
      window.listener = listener
      return () => (window.listener = () => undefined)
    },
    async close() {
      window.emit('closed')
      host.close()
    }
  }
})

describe('electron host: who may call', () => {
  it.each([
    ['a foreign page', { url: 'https://evil.example/', parent: null }],
    ['a frame inside our page', { url: ownPage, parent: {} }]
  ])('refuses %s', async (_name, frame) => {
    const { window } = open(createTestServices())
    expect(await window.call('test.double', { value: 1 }, frame)).toMatchObject({
      ok: false,
      error: { code: 'host.unauthorised' }
    })
  })

  it('refuses a window it did not open, and what is no command', async () => {
    const { window } = open(createTestServices())
    const stranger = new FakeWindow()
    stranger.webContents.id = 99
    expect(await stranger.call('test.double', { value: 1 })).toMatchObject({ ok: false })
    expect(await window.call(5, {})).toMatchObject({ ok: false, error: { code: 'host.unauthorised' } })
  })
})
