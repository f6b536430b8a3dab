// Builds main, preload and renderer into out/. With --if-stale it builds only when a source is newer than the last
// build, so that every entry (start, demo, test, npx bitbench) may call it and none builds twice.
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { withNodeEnv } from './withNodeEnv.mjs'
import { withFileLock } from './fileLock.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const outFolder = path.join(root, 'out')
const stamp = path.join(outFolder, '.built')

/** Whether a file or any file below a folder is newer. Every start of the command line asks, so it stops at the first. */
function isNewer(entry, thanMs) {
  const stat = statSync(entry)
  if (!stat.isDirectory()) return stat.mtimeMs > thanMs
  return readdirSync(entry).some((name) => isNewer(`${entry}/${name}`, thanMs))
}

function isStale() {
  if (!existsSync(stamp)) return true
  const builtMs = statSync(stamp).mtimeMs
  const inputs = ['src', 'docs/guide', 'package.json', 'electron.vite.config.ts']
  return inputs.some((input) => isNewer(path.join(root, input), builtMs))
}

/** Builds when a source is newer than the last build; another process that builds is waited for. */
export async function buildIfStale() {
  if (isStale()) await underLock(async () => (isStale() ? build() : undefined))
}

/** Two builds at once would delete each other's files, and an entry that starts meanwhile would load half of them. */
function underLock(work) {
  mkdirSync(outFolder, { recursive: true })
  const onWait = () => process.stderr.write('Another process is building Bitbench; waiting for it …\n')
  return withFileLock(path.join(outFolder, '.building'), work, { onWait })
}

async function build() {
  const cwd = process.cwd()
  process.chdir(root)
  const startedMs = Date.now()
  // What the build prints belongs to stderr: stdout may be promised to one JSON document.
  const { log } = console
  console.log = (...parts) => console.error(...parts)
  const writeOut = process.stdout.write
  process.stdout.write = process.stderr.write.bind(process.stderr)
  try {
    await withNodeEnv('production', async () => {
      const { build: buildAll } = await import('electron-vite')
      await buildAll({ root, logLevel: 'warn' })
    })
    writeFileSync(stamp, new Date(startedMs).toISOString())
    // A source that changed while it was being built is newer than the build.
    utimesSync(stamp, startedMs / 1000, startedMs / 1000)
    process.stderr.write(`Built Bitbench in ${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`)
  } finally {
    console.log = log
    process.stdout.write = writeOut
    process.chdir(cwd)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await (process.argv.includes('--if-stale') ? buildIfStale() : underLock(build))
}
