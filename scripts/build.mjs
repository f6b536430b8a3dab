// Builds main, preload and renderer into out/. With --if-stale it builds only when a source is newer than the last
// build, so that every entry (start, demo, test, npx bitbench) may call it and nobody waits twice.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const stamp = path.join(root, 'out', '.built')

/** Whether anything below is newer; asked at every start of the command line, so it looks no further than needed. */
function isNewer(entry, thanMs) {
  if (statSync(entry).mtimeMs > thanMs && !isFolder(entry)) return true
  if (!isFolder(entry)) return false
  return readdirSync(entry, { withFileTypes: true }).some((below) => {
    const where = `${entry}/${below.name}`
    return below.isDirectory() ? isNewer(where, thanMs) : statSync(where).mtimeMs > thanMs
  })
}

const isFolder = (entry) => statSync(entry).isDirectory()

export function isStale() {
  if (!existsSync(stamp)) return true
  const builtMs = statSync(stamp).mtimeMs
  const inputs = ['src', 'package.json', 'electron.vite.config.ts']
  return inputs.some((input) => isNewer(path.join(root, input), builtMs))
}

export async function build() {
  process.chdir(root)
  const startedMs = Date.now()
  // What the build prints belongs to stderr: stdout may be promised to one JSON document.
  const { log } = console
  console.log = (...parts) => console.error(...parts)
  const writeOut = process.stdout.write
  process.stdout.write = process.stderr.write.bind(process.stderr)
  try {
    process.env.NODE_ENV ??= 'production'
    const { build: buildAll } = await import('electron-vite')
    await buildAll({ root, logLevel: 'warn' })
    mkdirSync(path.dirname(stamp), { recursive: true })
    writeFileSync(stamp, new Date(startedMs).toISOString())
    process.stderr.write(`Built Bitbench in ${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`)
  } finally {
    console.log = log
    process.stdout.write = writeOut
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--if-stale') || isStale()) await build()
}
