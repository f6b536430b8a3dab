// `npm run package`: builds and packs build/package/bitbench-VERSION-PLATFORM-ARCH.tgz, the command line and web host
// with every dependency inside. `npm install FILE.tgz` needs no registry, no Electron and no compiler.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildIfStale } from './build.mjs'
import { npm } from './npm.mjs'
import { stagePackage } from './package/stage.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
export const packageFolder = path.join(root, 'build', 'package')

/**
 * Stages and packs.
 *
 * @returns the file, its size and the size and number of the files inside
 * @throws Error when npm cannot pack
 */
export async function buildPackage() {
  await buildIfStale()
  const stage = path.join(packageFolder, 'stage')
  const manifest = stagePackage({ root, stage })
  const packed = path.join(packageFolder, 'packed')
  rmSync(packed, { recursive: true, force: true })
  mkdirSync(packed, { recursive: true })
  const { status, stdout, stderr } = npm(
    ['pack', '--json', '--ignore-scripts', '--pack-destination', packed],
    { cwd: stage }
  )
  if (status !== 0) throw new Error(`npm pack failed:\n${stderr}`)
  const described = JSON.parse(stdout)
  const [{ unpackedSize, entryCount }] = Array.isArray(described) ? described : Object.values(described)
  const name = `${manifest.name}-${manifest.version}-${process.platform}-${process.arch}.tgz`
  const file = path.join(packageFolder, name)
  renameSync(path.join(packed, readdirSync(packed)[0]), file)
  return { file, packedBytes: statSync(file).size, unpackedBytes: unpackedSize, files: entryCount }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { file, packedBytes, unpackedBytes, files } = await buildPackage()
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
  console.log(
    `${path.relative(process.cwd(), file)}: ${megabytes(packedBytes)}, installed ${megabytes(unpackedBytes)} in ${files} files`
  )
  console.log(`Install it anywhere: npm install ${JSON.stringify(file)} && npx bitbench --version`)
}
