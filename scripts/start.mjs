// `npm start`: opens the Electron window where its binary and a display can be had. Else it serves the same window and
// opens the browser with it where there is a display, and prints one line with the address where there is none.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { buildIfStale } from './build.mjs'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)

/** Written when the binary could not be fetched: a lab machine without network should not wait for it at every start. */
const missNote = path.join(root, 'build', 'electron-not-fetched')
const retryAfterMs = 24 * 3600_000

const display = hasDisplay()
await buildIfStale()
const binary = display ? electronBinary() : undefined
const child =
  binary === undefined
    ? spawn(
        process.execPath,
        [
          path.join(root, 'bin/bitbench.mjs'),
          'serve',
          '--brief',
          ...(display ? ['--open'] : []),
          ...process.argv.slice(2)
        ],
        { stdio: 'inherit' }
      )
    : spawn(binary, [root, ...process.argv.slice(2)], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 1))

function hasDisplay() {
  if (process.env.SSH_CONNECTION && !process.env.DISPLAY) return false
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

/** The Electron program, fetched once if need be; undefined where it cannot be had. */
function electronBinary() {
  const packageFolder = electronPackage()
  if (packageFolder === undefined) return undefined
  const find = () => {
    const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? path.join(packageFolder, 'dist')
    const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }
    const file = path.join(folder, names[process.platform] ?? 'electron')
    return existsSync(file) ? file : undefined
  }
  const found = find()
  if (found !== undefined || process.env.BITBENCH_NO_ELECTRON || wasMissedLately()) return found
  const installer = path.join(packageFolder, 'install.js')
  if (!existsSync(installer)) return undefined
  process.stderr.write('Fetching the Electron binary (tried once a day; the browser is used without it) …\n')
  spawnSync(process.execPath, [installer], { stdio: 'ignore', timeout: 90_000 })
  const fetched = find()
  if (fetched === undefined) {
    mkdirSync(path.dirname(missNote), { recursive: true })
    writeFileSync(missNote, '')
  }
  return fetched
}

/** Folder of the electron package; undefined after an installation without development dependencies. */
function electronPackage() {
  try {
    return path.dirname(require.resolve('electron/package.json'))
  } catch {
    return undefined
  }
}

function wasMissedLately() {
  const missedMs = statSync(missNote, { throwIfNoEntry: false })?.mtimeMs
  return missedMs !== undefined && Date.now() - missedMs < retryAfterMs
}
