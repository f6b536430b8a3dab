// The packages a built Bitbench needs at run time, as they lie in node_modules.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Packages a published package may leave out, with the reason. A package that only these need goes with them.
 * - global-agent, adm-zip: only onnxruntime-node's install script uses them, and that script is left out too: it fetches
 *   CUDA libraries from NuGet and fails the whole installation where it cannot.
 * - @types/*, undici-types: declarations for the TypeScript compiler.
 */
const unneeded = (name) =>
  ['global-agent', 'adm-zip', 'undici-types'].includes(name) || name.startsWith('@types/')

/**
 * Folders below `root` (node_modules/…) of every package that the dependencies of package.json reach, nested ones too,
 * in order. Optional packages that are not installed belong to another platform and are left out.
 *
 * @throws Error when a required package is not installed
 */
export function productionTree(root) {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
  const found = new Set()
  const visit = (from, name, isOptional) => {
    if (unneeded(name)) return
    const folder = resolveFrom(packages, from, name)
    if (folder === undefined || !existsSync(path.join(root, folder))) {
      if (isOptional) return
      throw new Error(`${name}, which ${from || 'package.json'} needs, is not installed. Run npm ci first.`)
    }
    if (found.has(folder)) return
    found.add(folder)
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[folder]
    for (const next of Object.keys(dependencies)) visit(folder, next, false)
    for (const next of Object.keys({ ...optionalDependencies, ...peerDependencies }))
      visit(folder, next, true)
  }
  for (const name of Object.keys(packages[''].dependencies ?? {})) visit('', name, false)
  return [...found].sort()
}

/** Node's look-up: the nearest node_modules above the package that asks. */
function resolveFrom(packages, from, name) {
  for (let folder = from; ; folder = folder.replace(/\/?node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const candidate = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
    if (packages[candidate] !== undefined) return candidate
    if (folder === '') return undefined
  }
}
