#!/usr/bin/env node
// Entry of `npx bitbench`: builds once after a checkout (or a change of the sources), then hands over.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
if (existsSync(path.join(root, 'src'))) {
  const { buildIfStale } = await import('../scripts/build.mjs')
  await buildIfStale()
}
const { main } = await import('../out/main/cli.js')
process.exitCode = await main(process.argv.slice(2))
