// `npm start`: opens the Electron window where its binary and a display can be had, and otherwise serves the same
// window to a browser and prints the address.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { buildIfStale } from './build.mjs'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)

function electronBinary() {
  const packageFolder = path.dirname(require.resolve('electron/package.json'))
  const find = () => {
    const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
    const folder = override ?? path.join(packageFolder, 'dist')
    const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }
    const file = path.join(folder, names[process.platform] ?? 'electron')
    return existsSync(file) ? file : undefined
  }
  const found = find()
  if (found || process.env.BITBENCH_NO_ELECTRON) return found
  const installer = path.join(packageFolder, 'install.js')
  if (!existsSync(installer)) return undefined
  process.stderr.write(
    'Looking for the Electron binary (once; falls back to the browser if it cannot be fetched) …\n'
  )
  spawnSync(process.execPath, [installer], { stdio: 'ignore', timeout: 90_000 })
  return find()
}

const hasDisplay = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
await buildIfStale()
const binary = hasDisplay ? electronBinary() : undefined
if (binary) {
  const child = spawn(binary, [root, ...process.argv.slice(2)], { stdio: 'inherit' })
  child.on('exit', (code) => process.exit(code ?? 1))
} else {
  process.stderr.write(
    hasDisplay
      ? 'The Electron binary cannot be had here: serving the same window to a browser instead.\n'
      : 'There is no display here: serving the window to a browser instead.\n'
  )
  const child = spawn(
    process.execPath,
    [path.join(root, 'bin/bitbench.mjs'), 'serve', ...process.argv.slice(2)],
    {
      stdio: 'inherit'
    }
  )
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => process.exit(code ?? 1))
}
