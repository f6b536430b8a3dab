#!/usr/bin/env node
// Entry of `npx bitbench`: builds once after a checkout (or a change of the sources), then hands over.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { refuseUnbuilt } from './refuseUnbuilt.mjs'

// An older Node fails somewhere inside a library, with a message about syntax.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Bitbench needs Node 20.19 or newer; this is ${process.version}. https://nodejs.org has the current one.`
  )
  process.exit(1)
}

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
refuseUnbuilt(root)
if (existsSync(path.join(root, 'src'))) {
  const { buildIfStale } = await import('../scripts/build.mjs')
  await buildIfStale()
}
const { main } = await import('../out/main/cli.js')
process.exitCode = await main(process.argv.slice(2))
