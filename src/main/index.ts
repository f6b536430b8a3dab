import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { app, BrowserWindow, Menu, session, shell } from 'electron'
import { composeBitbench } from './compose'
import { serveElectron } from './hosts/electronHost'
import { contentSecurityPolicy } from './hosts/pageFiles'
import { builtPath } from './paths'

/** Electron entry: lifecycle, windows, menus; nothing else. */
const pageFile = builtPath('renderer', 'index.html')
const devServer = process.env['ELECTRON_RENDERER_URL']
const pageUrl = devServer ?? pathToFileURL(pageFile).href
const isOwnPage = (url: string): boolean =>
  url.split('#')[0] === pageUrl.split('#')[0] || url === `${pageUrl}/`

if (!app.requestSingleInstanceLock()) {
  // One process owns the data file and the boards; the first one brings its window to the front instead.
  app.quit()
} else {
  void start()
}

async function start(): Promise<void> {
  await app.whenReady()
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, decide) => decide(false))
  if (devServer === undefined) {
    session.defaultSession.webRequest.onHeadersReceived((details, done) =>
      done({
        responseHeaders: { ...details.responseHeaders, 'Content-Security-Policy': [contentSecurityPolicy] }
      })
    )
  }
  const bitbench = await composeBitbench({
    host: 'electron',
    dataFolder: process.env['BITBENCH_DATA'] ?? path.join(app.getPath('userData'), 'data')
  })
  const host = serveElectron({ dispatch: bitbench.dispatch, events: bitbench.events, isOwnPage })
  let isClosing = false
  app.on('second-instance', () => {
    const [window] = BrowserWindow.getAllWindows()
    if (window?.isMinimized() === true) window.restore()
    window?.focus()
  })
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openWindow(host)
  })
  app.on('window-all-closed', () => app.quit())
  app.on('before-quit', (event) => {
    if (isClosing) return
    // Leases are freed and the data file is closed before the process ends.
    event.preventDefault()
    isClosing = true
    host.close()
    void bitbench.close().finally(() => app.quit())
  })
  Menu.setApplicationMenu(createMenu())
  openWindow(host)
}

function openWindow(host: ReturnType<typeof serveElectron>): void {
  const window = new BrowserWindow({
    width: 1360,
    height: 860,
    minWidth: 1024,
    minHeight: 680,
    show: false,
    title: 'Bitbench',
    backgroundColor: '#14171c',
    webPreferences: {
      preload: builtPath('preload', 'index.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true
    }
  })
  host.attach(window)
  window.once('ready-to-show', () => window.show())
  window.webContents.setWindowOpenHandler(({ url }) => {
    if (url.startsWith('https://')) void shell.openExternal(url)
    return { action: 'deny' }
  })
  window.webContents.on('will-navigate', (event, url) => {
    if (!isOwnPage(url)) event.preventDefault()
  })
  void (devServer === undefined ? window.loadFile(pageFile) : window.loadURL(devServer))
}

function createMenu(): Menu {
  return Menu.buildFromTemplate([
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
    { role: 'fileMenu' },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { role: 'reload' },
        { role: 'toggleDevTools' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' }
      ]
    },
    { role: 'windowMenu' }
  ])
}
