// Installs a packed Bitbench the way a user does, in an empty folder, and says how long it takes to start.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm, privateManifest } from '../npm.mjs'

/**
 * Runs `npm install FILE` in `folder` without a registry and with an empty cache: whatever the package would have to
 * fetch makes it fail.
 *
 * @throws Error with npm's output when the installation fails
 */
export function installOffline(file, folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), privateManifest)
  const args = [
    'install',
    '--offline',
    '--no-audit',
    '--no-fund',
    '--cache',
    path.join(folder, 'npm cache'),
    file
  ]
  const { status, stderr } = npm(args, { cwd: folder })
  if (status !== 0) throw new Error(`npm install ${file} failed:\n${stderr}`)
}

/** Entry of the command line in a folder that installOffline filled. */
export const installedEntry = (folder) => path.join(folder, 'node_modules', 'bitbench', 'bin', 'bitbench.mjs')

/**
 * Starts `serve`, waits for its address, reads the page and ends it by SIGTERM.
 *
 * @returns milliseconds until the address was printed, the page's status, and the exit code
 */
export async function serveOnce({ node = process.execPath, entry, dataFolder, withinMs = 60_000 }) {
  const startedMs = performance.now()
  const child = spawn(node, [entry, 'serve', '--tcp-port', '0', '--data', dataFolder], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
  try {
    let text = ''
    const address = await new Promise((resolve, reject) => {
      const onText = (chunk) => {
        text += chunk
        const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(text)?.[0]
        if (found !== undefined) resolve(found)
      }
      child.stdout.setEncoding('utf8').on('data', onText)
      child.stderr.setEncoding('utf8').on('data', onText)
      void ended.then((code) => reject(new Error(`serve ended with ${code}:\n${text}`)))
    })
    const readyMs = performance.now() - startedMs
    const page = await fetch(address)
    const html = await page.text()
    child.kill('SIGTERM')
    return { readyMs, status: page.status, html, exitCode: await ended }
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

/** Milliseconds of `bitbench --version`, the median of `runs`. */
function startTimeMs(entry, runs = 7) {
  const times = Array.from({ length: runs }, () => {
    const startedMs = performance.now()
    spawnSync(process.execPath, [entry, '--version'], { stdio: 'ignore' })
    return performance.now() - startedMs
  })
  return times.sort((a, b) => a - b)[runs >> 1]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { buildPackage } = await import('../package.mjs')
  const { file, packedBytes, unpackedBytes } = await buildPackage()
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench try '))
  try {
    const startedMs = performance.now()
    installOffline(file, folder)
    const installMs = performance.now() - startedMs
    const entry = installedEntry(folder)
    const { readyMs } = await serveOnce({ entry, dataFolder: path.join(folder, 'data') })
    const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`
    console.log(
      `package         ${(packedBytes / 1e6).toFixed(1)} MB, installed ${(unpackedBytes / 1e6).toFixed(1)} MB`
    )
    console.log(`npm install     ${seconds(installMs)} (no registry, empty cache)`)
    console.log(`--version       ${seconds(startTimeMs(entry))} (median of 7)`)
    console.log(`serve, address  ${seconds(readyMs)}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
