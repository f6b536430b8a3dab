// A double of the electron module for the *built* main and preload bundles, where Electron's own binary cannot be had.
// BrowserWindow is a page of a real Chromium (BITBENCH_CDP), the preload bundle runs in it before any script of the
// page, ipc goes through a page binding. What the bundles ask of Electron is recorded and told on stdout as JSON lines.
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'

const browser = await chromium.connectOverCDP(process.env.BITBENCH_CDP)
const browserContext = browser.contexts()[0] ?? (await browser.newContext())
const tell = (record) => process.stdout.write(`${JSON.stringify(record)}\n`)

const handlers = new Map()
export const ipcMain = {
  handle: (channel, handler) => handlers.set(channel, handler),
  removeHandler: (channel) => handlers.delete(channel)
}

class App extends EventEmitter {
  requestSingleInstanceLock() {
    return process.env.BITBENCH_SECOND_INSTANCE === undefined
  }
  async whenReady() {}
  addRecentDocument(file) {
    tell({ recentDocument: file })
  }
  clearRecentDocuments() {
    tell({ recentDocuments: [] })
  }
  getPath(name) {
    return `${process.env.BITBENCH_USER_DATA}/${name}`
  }
  exit(code) {
    tell({ exit: code })
    void browser.close().finally(() => process.exit(code))
  }
  quit() {
    let isPrevented = false
    this.emit('before-quit', { preventDefault: () => (isPrevented = true) })
    if (isPrevented) return
    tell({ quit: true })
    void browser.close().finally(() => process.exit(0))
  }
}
export const app = new App()
process.on('SIGTERM', () => app.quit())

export const Menu = {
  buildFromTemplate: (template) => template,
  setApplicationMenu: (menu) => tell({ menu: menu.map((entry) => entry.label ?? entry.role) })
}
export const dialog = {
  showOpenDialog: async (_window, options) => {
    tell({ openDialog: options })
    return { canceled: false, filePaths: [process.env.BITBENCH_CHOSEN_FILE ?? ''] }
  },
  showErrorBox: (title, content) => tell({ errorBox: { title, content } }),
  showSaveDialog: async (_window, options) => {
    tell({ saveDialog: options })
    return { canceled: true }
  }
}
export const shell = { openExternal: async (url) => tell({ openExternal: url }) }
export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler) =>
      handler(null, 'geolocation', (isGranted) => tell({ permissionGranted: isGranted })),
    setPermissionCheckHandler: (handler) => tell({ permissionChecked: handler(null, 'geolocation') })
  }
}

// Chromium knows no scheme of ours: the handler's responses are served on loopback, and addresses are translated back.
const origins = new Map()
export const protocol = {
  registerSchemesAsPrivileged: (schemes) => tell({ schemes }),
  handle(scheme, handler) {
    const server = createServer((request, response) => {
      Promise.resolve(handler(new Request(`${scheme}://app${request.url}`))).then(async (page) => {
        response.writeHead(page.status, Object.fromEntries(page.headers))
        response.end(Buffer.from(await page.arrayBuffer()))
      })
    })
    const ready = new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    origins.set(`${scheme}://app`, { ready, origin: () => `http://127.0.0.1:${server.address().port}` })
    server.unref()
  }
}
/** The address Chromium can load for one of ours, and back. */
async function loadable(url) {
  for (const [own, { ready, origin }] of origins) {
    await ready
    if (url.startsWith(own)) return url.replace(own, origin())
  }
  return url
}
function ownAddress(url) {
  for (const [own, { origin }] of origins) if (url.startsWith(origin())) return url.replace(origin(), own)
  return url
}

let nextId = 1
const windows = new Set()

export class BrowserWindow extends EventEmitter {
  static getAllWindows() {
    return [...windows]
  }
  static getFocusedWindow() {
    return null
  }
  constructor(options) {
    super()
    this.options = options
    this.webContents = Object.assign(new EventEmitter(), {
      id: nextId++,
      setWindowOpenHandler: (decide) => (this.decideOpen = decide),
      send: (channel, payload) =>
        void this.page
          ?.evaluate(([c, p]) => globalThis.__ipcEvent(c, p), [channel, payload])
          .catch(() => undefined)
    })
    windows.add(this)
    app.emit('web-contents-created', {}, this.webContents)
    const preferences = { ...options.webPreferences, preload: undefined }
    tell({ window: { webPreferences: preferences, title: options.title } })
  }
  isDestroyed() {
    return this.page?.isClosed() === true
  }
  isMinimized() {
    return false
  }
  focus() {}
  setProgressBar(share) {
    tell({ progressBar: share })
  }
  show() {
    tell({ shown: true })
  }
  async loadURL(url) {
    this.page = await browserContext.newPage()
    const frameOf = (source) => ({ url: ownAddress(source.frame.url()), parent: source.frame.parentFrame() })
    await this.page.exposeBinding('__ipcInvoke', async (source, channel, input) => {
      const handler = handlers.get(channel)
      if (handler === undefined) throw new Error(`No handler for ${channel}`)
      const senderFrame = process.env.BITBENCH_FOREIGN_FRAME
        ? { url: 'https://evil.example/', parent: null }
        : frameOf(source)
      return await handler({ sender: this.webContents, senderFrame }, input)
    })
    await this.page.addInitScript({ content: preloadScript(this.options.webPreferences.preload) })
    this.page.on('close', () => {
      windows.delete(this)
      this.webContents.emit('destroyed')
      this.emit('closed')
      if (windows.size === 0) app.emit('window-all-closed')
    })
    const response = await this.page.goto(await loadable(url))
    const decision = this.decideOpen?.({ url: 'https://example.org/' })
    let isPrevented = false
    this.webContents.emit(
      'will-navigate',
      { preventDefault: () => (isPrevented = true) },
      'https://example.org/'
    )
    tell({ openDecision: decision, navigationPrevented: isPrevented })
    this.emit('ready-to-show')
    tell({ loaded: url, policy: response?.headers()['content-security-policy'] })
  }
}

/** The CommonJS preload bundle, given the two modules a sandboxed preload has. */
function preloadScript(file) {
  return `(() => {
    const listeners = new Map()
    globalThis.__ipcEvent = (channel, payload) => { for (const listener of listeners.get(channel) ?? []) listener({}, payload) }
    const electron = {
      webUtils: { getPathForFile: (file) => file.pathForTest ?? '' },
      contextBridge: { exposeInMainWorld: (name, api) => { globalThis[name] = api } },
      ipcRenderer: {
        invoke: (channel, input) => globalThis.__ipcInvoke(channel, input),
        on: (channel, listener) => listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
        removeListener: (channel, listener) => listeners.set(channel, (listeners.get(channel) ?? []).filter((one) => one !== listener))
      }
    }
    const require = (name) => { if (name === 'electron') return electron; throw new Error('a sandboxed preload cannot require ' + name) }
    const module = { exports: {} }
    // A function scope of its own, as Node gives a CommonJS module: the bundle may name its variables as we do.
    ;(function (require, module, exports) {
    ${readFileSync(file, 'utf8')}
    })(require, module, module.exports)
  })()`
}
