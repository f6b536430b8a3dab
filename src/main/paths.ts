import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Where this copy of Bitbench lies: the folder with its package.json, whether the caller is a bundle in out/main, a
 * chunk below it, or a source file under test.
 */
export const installFolder: string = findInstallFolder(path.dirname(fileURLToPath(import.meta.url)))

/**
 * Where a file of this copy lies on the disk. A packaged window keeps its files in an archive (app.asar) that only
 * Electron reads; those that other programs read lie beside it.
 */
export const onDisk = (file: string): string =>
  file.replace(/([\\/])app\.asar(?=[\\/]|$)/, '$1app.asar.unpacked')

/** Path of a file below resources/, also where the application is packed. */
export const resourcePath = (...parts: string[]): string =>
  onDisk(path.join(installFolder, 'resources', ...parts))
/** Built entry files (worker threads, the renderer's pages). */
export const builtPath = (...parts: string[]): string => path.join(installFolder, 'out', ...parts)

function findInstallFolder(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json')
    if (
      existsSync(manifest) &&
      (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'bitbench'
    ) {
      return folder
    }
    if (folder === path.dirname(folder)) throw new Error(`No Bitbench package.json above ${from}`)
  }
}
