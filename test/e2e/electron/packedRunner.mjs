// Runs a packed archive (app.asar) with the double of Electron in place of Electron: the archive is laid out beside its
// unpacked files, as Electron's file system shows it, and its main entry is started. BITBENCH_ASAR: @electron/asar.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const archive = process.argv[2]
const asar = createRequire(import.meta.url)(process.env.BITBENCH_ASAR)
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench packed '))
const app = path.join(folder, 'app.asar')
asar.extractAll(archive, app)
symlinkSync(`${archive}.unpacked`, `${app}.unpacked`)
const { main } = JSON.parse(readFileSync(path.join(app, 'package.json'), 'utf8'))
const register = fileURLToPath(new URL('./register.mjs', import.meta.url))
const child = spawn(process.execPath, ['--import', register, path.join(app, main)], { stdio: 'inherit' })
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code) => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(code ?? 1)
})
