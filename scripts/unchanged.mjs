// Which files changed since a check passed last, by time and size, so that a check of what did not change takes no time.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Folders without sources of ours. */
const skipped = new Set(['node_modules', 'build', 'out', 'coverage', '.git', '.bitbench'])

/** Files below a folder, relative to it with forward slashes, each with the time of its last change and its size. */
export function stampsOf(root) {
  const stamps = {}
  const walk = (folder) => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name)) walk(name)
      } else if (entry.isFile()) {
        const { mtimeMs, size } = statSync(path.join(root, name))
        stamps[name] = `${mtimeMs} ${size}`
      }
    }
  }
  walk('')
  return stamps
}

/** Names whose stamp is not that of the earlier ones, and names that are gone. */
export const changedSince = (earlier, stamps) => [
  ...Object.keys(stamps).filter((name) => earlier[name] !== stamps[name]),
  ...Object.keys(earlier).filter((name) => stamps[name] === undefined)
]

/** Stamps of the last time a check passed; none when it never did or something else than files decides (`key`). */
export function readPassed(file, key) {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    return kept.key === key ? kept.stamps : {}
  } catch {
    return {}
  }
}

/** Keeps the stamps with which a check passed; null: it failed. */
export function keepPassed(file, key, stamps) {
  if (stamps === null) return rmSync(file, { force: true })
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify({ key, stamps }))
}
