// Lays out what a user installs: built files, resources, guide, licences and every run-time dependency for one platform.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { copyPackage } from './copyPackage.mjs'
import { bundledFolders, licenceList } from './licences.mjs'
import { productionTree } from './productionTree.mjs'

/** What of the repository goes along; source maps stay behind (5 MB that only a debugger reads). */
const carried = ['out', 'resources', 'bin', 'docs/guide', 'LICENSE', 'README.md', 'CHANGELOG.md']
const licencesFile = 'THIRD_PARTY_LICENCES.txt'
const leftOut = /(?:\.map|\/\.built|\/\.building|bundledPackages\.json)$/

/**
 * Empties the folder `stage` and fills it. The dependencies travel inside (bundleDependencies): such a package installs without a
 * registry, runs no install script, and holds exactly the versions it was tested with.
 *
 * @returns the manifest of the staged package
 */
export function stagePackage({ root, stage, platform = process.platform, arch = process.arch }) {
  rmSync(stage, { recursive: true, force: true })
  mkdirSync(stage, { recursive: true })
  for (const entry of carried) {
    cpSync(path.join(root, entry), path.join(stage, entry), {
      recursive: true,
      filter: (file) => !leftOut.test(file)
    })
  }
  const folders = productionTree(root)
  const staged = new Set(folders.map((folder) => folder.replace(/^.*node_modules\//, '')))
  for (const folder of folders) copyPackage({ root, stage, folder, staged, platform, arch })
  const bundled = bundledFolders(path.join(root, 'out'))
  writeFileSync(path.join(stage, licencesFile), licenceList(root, [...folders, ...bundled]))
  const source = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const manifest = publishedManifest(source, { platform, arch, folders })
  writeFileSync(path.join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  return manifest
}

/** The manifest a user gets: no scripts, no development tools, and the platform its binaries are for. */
export function publishedManifest(source, { platform, arch, folders }) {
  const { name, productName, version, description, license, type, main, bin, engines, dependencies } = source
  const own = {
    name,
    productName,
    version,
    description,
    license,
    author: 'Bitbench contributors',
    type,
    main,
    bin,
    engines
  }
  const top = folders.filter((folder) => folder.lastIndexOf('node_modules/') === 0)
  return {
    ...own,
    os: [platform],
    cpu: [arch],
    files: [...carried, licencesFile],
    dependencies,
    bundleDependencies: top.map((folder) => folder.slice('node_modules/'.length))
  }
}
