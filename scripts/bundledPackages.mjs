// A plug-in of the build that writes which packages stand in the built files, for the list of licences.
import path from 'node:path'

const packageFolder = /^(.*?\/?node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//

/** The folder of the package that a module id lies in, relative to `root`; undefined for the product's own modules. */
export function packageOfModule(root, id) {
  const file = id.replace(/^\0/, '').split('?')[0].split(path.sep).join('/')
  const found = packageFolder.exec(file)?.[1]
  return found === undefined ? undefined : path.relative(root, found).split(path.sep).join('/')
}

/** Emits bundledPackages.json: folders (node_modules/NAME) of the packages with a module in the output, in order. */
export function listBundledPackages(root) {
  return {
    name: 'bitbench-bundled-packages',
    generateBundle(_options, bundle) {
      const ids = Object.values(bundle).flatMap((chunk) =>
        chunk.type === 'chunk' ? Object.keys(chunk.modules) : []
      )
      const folders = new Set(
        ids.map((id) => packageOfModule(root, id)).filter((folder) => folder !== undefined)
      )
      const source = JSON.stringify([...folders].sort(), null, 2)
      this.emitFile({ type: 'asset', fileName: 'bundledPackages.json', source })
    }
  }
}
