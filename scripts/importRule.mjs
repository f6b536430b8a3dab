// The import rule of the house (docs/MAP.md): shared <- core <- main services <- compose <- entries.
// Written as an ESLint rule of our own because the edges depend on the noun folder, not only on the layer.
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
/** Folders of core that know no noun, each with the others of them that it may import. */
const coreFoundations = new Map([
  ['binary', []],
  ['math', []],
  ['csv', []],
  ['regression', ['math']],
  ['text', []],
  ['accelerator', []],
  ['kernel', []]
])
/** Folders of main that every noun may import, each with the others of them that it may import itself. */
const mainFoundations = new Map([
  ['files', []],
  ['jobs', []],
  ['threads', []],
  ['figures', ['files']],
  ['store', ['files']],
  ['runs', ['jobs', 'store']]
])
/** Folders of main around the nouns, each with those it may not import: parts of compose, hosts, the command line. */
const outerFolders = new Map([
  ['wiring', ['cli']],
  ['hosts', ['wiring', 'cli']],
  ['cli', ['wiring']]
])
const electronFiles = new Set(['main/index.ts', 'main/hosts/electronHost.ts', 'preload/index.ts'])
const entryFiles = new Set([
  'index.ts',
  'cli.ts',
  'webMain.ts',
  'compose.ts',
  'taskRegistry.ts',
  'sharedTasks.ts',
  'taskWorker.ts'
])

/** Path below src, or null for a package or a file outside src. */
function resolveTarget(fromFile, specifier) {
  const alias = /^@(shared|core|main|renderer)\/(.*)$/.exec(specifier)
  if (alias) return `${alias[1]}/${alias[2]}`
  if (!specifier.startsWith('.')) return null
  const absolute = path.resolve(path.dirname(fromFile), specifier)
  const relative = path.relative(path.join(root, 'src'), absolute)
  return relative.startsWith('..') ? null : relative.split(path.sep).join('/')
}

/** The reason why `from` (path below src) must not import `specifier`, or null when it may. */
export function forbiddenEdge(from, specifier, fromFile = path.join(root, 'src', from)) {
  const [layer, ...rest] = from.split('/')
  if (specifier === 'electron' || specifier.startsWith('electron/')) {
    return electronFiles.has(from)
      ? null
      : 'only the Electron entry, its host and the preload import electron'
  }
  const target = resolveTarget(fromFile, specifier)
  if (target === null) {
    if (layer === 'shared' && specifier !== 'zod') return 'shared depends on zod only'
    if (layer === 'core' && !specifier.startsWith('.')) return 'core is pure: no packages, no node:'
    if (layer === 'renderer' && specifier.startsWith('node:')) return 'the renderer has no Node'
    return null
  }
  const [targetLayer, ...targetRest] = target.split('/')
  if (layer === 'shared' && targetLayer !== 'shared') return 'shared imports nothing but shared'
  if (layer === 'core' && !['core', 'shared'].includes(targetLayer))
    return 'core imports core and shared only'
  if (
    layer === 'core' &&
    targetLayer === 'core' &&
    rest[0] !== targetRest[0] &&
    coreFoundations.has(rest[0])
  ) {
    if (!coreFoundations.get(rest[0]).includes(targetRest[0]))
      return `core/${rest[0]} is a foundation: it does not know ${targetRest[0]}`
  }
  if (layer === 'preload' && !['preload', 'shared'].includes(targetLayer))
    return 'preload imports shared only'
  if (layer === 'renderer' && !['renderer', 'core', 'shared'].includes(targetLayer))
    return 'the renderer never imports main'
  if (layer === 'main') {
    if (!['main', 'core', 'shared'].includes(targetLayer)) return 'main imports main, core and shared only'
    if (targetLayer === 'main' && rest.length > 1) return forbiddenInMain(rest, targetRest)
  }
  return null
}

function forbiddenInMain([folder], targetRest) {
  if (targetRest.length === 1) {
    const file = targetRest[0].replace(/(\.ts)?$/, '.ts')
    return entryFiles.has(file) && !outerFolders.has(folder)
      ? 'services do not know compose or the entries'
      : null
  }
  const [target] = targetRest
  if (folder === target) return null
  if (outerFolders.has(folder)) {
    return outerFolders.get(folder).includes(target) ? `${folder} does not import ${target}` : null
  }
  if (outerFolders.has(target)) return `services do not know ${target}`
  if (mainFoundations.has(folder)) {
    return mainFoundations.get(folder).includes(target)
      ? null
      : `main/${folder} is a foundation: it does not know ${target}`
  }
  return mainFoundations.has(target)
    ? null
    : `domains do not import each other (${folder} -> ${target}): pass an interface through compose`
}

export const importRule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const file = context.filename
    const below = path.relative(path.join(root, 'src'), file).split(path.sep).join('/')
    if (below.startsWith('..')) return {}
    const check = (node) => {
      const specifier = node.source?.value
      if (typeof specifier !== 'string') return
      const reason = forbiddenEdge(below, specifier, file)
      if (reason) context.report({ node, message: `Forbidden import '${specifier}': ${reason}.` })
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check
    }
  }
}
