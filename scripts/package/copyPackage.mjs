// Copies one dependency into a package that carries it along: without install scripts, without other platforms' binaries.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Files of no use at run time: declarations, source maps, sources of native modules (they come prebuilt). */
const leftOut = /\.(?:d\.[cm]?ts|map|tsx?|c|cc|cpp|h|hh|hpp|inc|gyp|gypi|md|markdown)$/i
const kept = /(?:^|\/)(?:licen[cs]e|copying|notice)[^/]*$/i

/** Paths inside a package that the package needs only on some platforms, or not at all for this product. */
const trimmed = {
  'onnxruntime-node': ({ platform, arch }) => within('bin/napi-v6', [`${platform}/${arch}`]),
  '@serialport/bindings-cpp': ({ platform, arch }) =>
    within('prebuilds', [platform === 'darwin' ? 'darwin-x64+arm64' : `${platform}-${arch}`]),
  koffi: () => (inside) => !/^(?:vendor|doc)(?:\/|$)/.test(inside),
  // The command that compiles .proto files, and bundles for browsers.
  protobufjs: () => (inside) => !/^(?:cli|dist)(?:\/|$)/.test(inside),
  // The figures use two of the fonts.
  'dejavu-fonts-ttf': () => (inside) =>
    !inside.endsWith('.ttf') || /\/DejaVuSans(?:-Bold)?\.ttf$/.test(inside)
}

/** Everything outside `folder`, and of it only the given folders, with the folders that lead to them. */
function within(folder, wanted) {
  const paths = wanted.map((one) => `${folder}/${one}`)
  return (inside) =>
    !inside.startsWith(`${folder}/`) ||
    paths.some((one) => one === inside || inside.startsWith(`${one}/`) || one.startsWith(`${inside}/`))
}

/**
 * Copies `node_modules/NAME` of `root` to the same place below `stage`. Its package.json keeps of its dependencies only
 * those that are staged too (npm would fetch the others) and loses its scripts: every native module comes prebuilt.
 */
export function copyPackage({ root, stage, folder, staged, platform, arch }) {
  const source = path.join(root, folder)
  const target = path.join(stage, folder)
  const name = folder.replace(/^.*node_modules\//, '')
  const wants = trimmed[name]?.({ platform, arch }) ?? (() => true)
  cpSync(source, target, {
    recursive: true,
    dereference: true,
    filter: (file) => {
      const inside = path.relative(source, file).split(path.sep).join('/')
      if (inside === '') return true
      if (inside === 'node_modules' || inside.startsWith('node_modules/')) return false
      return (kept.test(inside) || !leftOut.test(inside)) && wants(inside)
    }
  })
  const manifestFile = path.join(target, 'package.json')
  rmSync(path.join(target, '.npmignore'), { force: true })
  writeFileSync(
    manifestFile,
    `${JSON.stringify(slimManifest(JSON.parse(readFileSync(manifestFile, 'utf8')), staged), null, 2)}\n`
  )
}

/** A manifest without scripts, with the dependencies among `staged` package names. `files` would hide what was kept. */
export function slimManifest(manifest, staged) {
  const among = (dependencies) =>
    dependencies === undefined
      ? undefined
      : Object.fromEntries(Object.entries(dependencies).filter(([name]) => staged.has(name)))
  const dropped = ['scripts', 'devDependencies', 'files', 'gypfile', 'peerDependenciesMeta']
  const rest = Object.fromEntries(Object.entries(manifest).filter(([key]) => !dropped.includes(key)))
  return {
    ...rest,
    dependencies: among(rest.dependencies),
    optionalDependencies: among(rest.optionalDependencies),
    peerDependencies: among(rest.peerDependencies)
  }
}
