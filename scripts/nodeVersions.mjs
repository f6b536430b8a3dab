// The Node versions Bitbench promises to run on, from npm's node-PLATFORM-ARCH packages (the programs alone, no script).
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm, privateManifest } from './npm.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** The oldest Node that package.json's engines allow, and the two long-term lines after it. */
export const promisedNodes = ['20.19.0', '22.23.3', '24.21.0']

/**
 * The program of one Node version below build/nodes, fetched from the registry the first time.
 *
 * @returns its file, or null where the registry does not give it within `withinMs`
 */
export function nodeProgram(version, withinMs = 120_000) {
  const folder = path.join(root, 'build', 'nodes', version)
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const program = path.join(
    folder,
    'node_modules',
    name,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node'
  )
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), privateManifest)
  const args = [
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--fetch-retries',
    '0',
    `${name}@${version}`
  ]
  npm(args, { cwd: folder, stdio: 'ignore', timeout: withinMs })
  return existsSync(program) ? program : null
}
