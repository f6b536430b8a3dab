import path from 'node:path'
import { app, BrowserWindow, dialog, Menu, protocol, session, shell, type WebContents } from 'electron'
import { AppError } from '../shared/errors'
import { composeBitbench } from './compose'
import { filesOfArguments } from './hosts/desktopFiles'
import { serveElectron } from './hosts/electronHost'
import { createFileDialogs } from './hosts/fileDialogs'
import { pageResponse } from './hosts/pageFiles'
import { serveWeb } from './hosts/webHost'
import { builtPath } from './paths'

/** Electron entry: lifecycle, windows, menus; nothing else. */
const pageFolder = builtPath('renderer')
const devServer = process.env['ELECTRON_RENDERER_URL']
/** Pages come over a scheme of our own: unlike file:, it has an origin, our headers, and nothing but our folder. */
const scheme = 'bitbench'
const pageUrl = devServer ?? `${scheme}://app/index.html`
const isOwnPage = (url: string): boolean => url.split('#')[0] === pageUrl || url === `${pageUrl}/`
/** Pages that links of the window may open in the user's browser. */
const linkedHosts = new Set(['github.com', 'docs.nvidia.com', 'doi.org', 'arxiv.org'])

protocol.registerSchemesAsPrivileged([
  { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } }
])

/** Copying a chart or a table writes the clipboard, on a click; a long job that ends notifies; nothing else is allowed. */
const allowedPermissions: ReadonlySet<string> = new Set(['clipboard-sanitized-write', 'notifications'])

if (!app.requestSingleInstanceLock()) {
  // One process owns the data file and the boards; the first one brings its window to the front instead.
  app.quit()
} else {
  start().catch(endWith)
}

/** Without a window nothing else could say why: the data file may be in use, damaged, or on a disk that is gone. */
function endWith(cause: unknown): void {
  const { message, hint } = AppError.from(cause)
  dialog.showErrorBox('Bitbench cannot start', `${message}\n\n${hint}`)
  app.exit(1)
}

async function start(): Promise<void> {
  // macOS hands a file over before anything is ready; it waits here until there is a service to take it.
  const early: string[] = []
  let hand = (paths: string[]): void => void early.push(...paths)
  app.on('open-file', (event, file) => {
    event.preventDefault()
    hand([file])
  })
  app.on('second-instance', (_event, argv, folder) => {
    const [window] = BrowserWindow.getAllWindows()
    if (window?.isMinimized() === true) window.restore()
    window?.focus()
    hand(filesOfArguments(argv, folder, app.isPackaged))
  })
  await app.whenReady()
  session.defaultSession.setPermissionRequestHandler((_contents, permission, decide) =>
    decide(allowedPermissions.has(permission))
  )
  session.defaultSession.setPermissionCheckHandler((_contents, permission) =>
    allowedPermissions.has(permission)
  )
  protocol.handle(scheme, (request) => pageResponse(pageFolder, new URL(request.url).pathname))
  app.on('web-contents-created', (_event, contents) => guard(contents))
  const bitbench = await composeBitbench({
    host: 'electron',
    dataFolder: process.env['BITBENCH_DATA'] ?? path.join(app.getPath('userData'), 'data'),
    dialogs: createFileDialogs(dialog, windowInFront),
    desktopRecent: {
      add: (file) => app.addRecentDocument(file),
      clear: () => app.clearRecentDocuments()
    }
  })
  hand = bitbench.file.hand
  hand([...early, ...filesOfArguments(process.argv, process.cwd(), app.isPackaged)])
  const host = serveElectron({ dispatch: bitbench.dispatch, events: bitbench.events, isOwnPage })
  // For `bitbench …` in a terminal while the window is open: loopback only, the token stands in a file of this user.
  const commandHost = await serveWeb({
    dispatch: bitbench.dispatch,
    events: bitbench.events,
    pageFolder,
    uploads: bitbench.uploads,
    tcpPort: 0
  }).catch(() => null)
  if (commandHost !== null)
    bitbench.store.announce('the Bitbench window', commandHost.address.replace(/#.*$/, ''), commandHost.token)
  let isClosing = false
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
    void (commandHost?.close() ?? Promise.resolve()).then(() => bitbench.close()).finally(() => app.quit())
  })
  Menu.setApplicationMenu(createMenu())
  openWindow(host)
}

const windowInFront = (): BrowserWindow | null =>
  BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0] ?? null

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
  void window.loadURL(pageUrl)
}

/** Whatever shows web content, now or later, stays on our page, opens no window and embeds nothing. */
function guard(contents: WebContents): void {
  contents.setWindowOpenHandler(({ url }) => {
    const { protocol: linkScheme, hostname } = new URL(url)
    if (linkScheme === 'https:' && linkedHosts.has(hostname)) void shell.openExternal(url)
    return { action: 'deny' }
  })
  contents.on('will-navigate', (event, url) => {
    if (!isOwnPage(url)) event.preventDefault()
  })
  contents.on('will-redirect', (event, url) => {
    if (!isOwnPage(url)) event.preventDefault()
  })
  contents.on('will-attach-webview', (event) => event.preventDefault())
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
