import { beforeEach, expect, it, vi } from 'vitest'
import { ipcChannels } from '@shared/contract/framework/ipc'
import type { PreloadApi } from '@shared/contract/framework/transport'

const electron = vi.hoisted(() => ({
  exposed: {} as Record<string, unknown>,
  invoked: [] as unknown[][],
  listeners: new Map<string, ((...given: unknown[]) => void)[]>()
}))

vi.mock('electron', () => ({
  contextBridge: {
    exposeInMainWorld: (name: string, api: unknown) => (electron.exposed[name] = api)
  },
  ipcRenderer: {
    invoke: async (...given: unknown[]) => {
      electron.invoked.push(given)
      return { ok: true, value: 1 }
    },
    on: (channel: string, listener: () => void) =>
      electron.listeners.set(channel, [...(electron.listeners.get(channel) ?? []), listener]),
    removeListener: (channel: string, listener: () => void) =>
      electron.listeners.set(
        channel,
        (electron.listeners.get(channel) ?? []).filter((one) => one !== listener)
      )
  },
  webUtils: { getPathForFile: (file: File) => `/home/ada/${file.name}` }
}))

let api: PreloadApi
beforeEach(async () => {
  await import('../../../src/preload')
  api = electron.exposed['bitbench'] as PreloadApi
})
const send = (...messages: object[]): void => {
  for (const listener of electron.listeners.get(ipcChannels.event) ?? [])
    listener({ sender: 'secret' }, messages)
}

it('gives a page three functions under one name, and nothing of Electron', () => {
  expect(Object.keys(electron.exposed)).toEqual(['bitbench'])
  expect(Object.keys(api).sort()).toEqual(['call', 'pathOf', 'subscribe'])
  expect(Object.values(api).every((one) => typeof one === 'function')).toBe(true)
})

it('sends every call over one channel, with its name as data', async () => {
  expect(await api.call('run.list', { text: '' })).toEqual({ ok: true, value: 1 })
  expect(electron.invoked).toEqual([[ipcChannels.call, { name: 'run.list', input: { text: '' } }]])
})

it('passes on each message of a batch alone, without the event of Electron, until it is unsubscribed', () => {
  const got: unknown[][] = []
  const other: unknown[][] = []
  const stop = api.subscribe((...given) => got.push(given))
  const stopOther = api.subscribe((...given) => other.push(given))
  send({ event: 'a' }, { event: 'b' })
  stop()
  send({ event: 'c' })
  stopOther()
  send({ event: 'd' })
  expect(got).toEqual([[{ event: 'a' }], [{ event: 'b' }]])
  expect(other).toHaveLength(3)
})

it('says the path of a file that the user gave to the window', () => {
  expect(api.pathOf(new File([], 'net.onnx'))).toBe('/home/ada/net.onnx')
})
