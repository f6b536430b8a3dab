// The import graph of src and its circles: between files, and between the folders of core and of main
// (core/board and core/sim, not the folders inside a noun). test/unit/scripts/circles.test.ts keeps both lists empty.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Every file of `folder` (path from `root`) with the files it imports, types included; paths below root. */
export function importGraph(root, folder = 'src') {
  const files = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|vue)$/.test(file))
    .map((file) => `${folder}/${file.split(path.sep).join('/')}`)
  return new Map(files.map((file) => [file, importsOf(root, file)]))
}

function importsOf(root, file) {
  const text = readFileSync(path.join(root, file), 'utf8')
  const found = new Set()
  for (const [, specifier] of text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*['"]([^'"\n]+)['"]/g)) {
    const target = resolve(root, file, specifier)
    if (target !== null && target !== file) found.add(target)
  }
  return [...found]
}

function resolve(root, file, specifier) {
  const alias = /^@(shared|core|main|renderer)\/(.*)$/.exec(specifier)
  const relative = specifier.startsWith('.')
  if (!relative && alias === null) return null
  const target = alias
    ? `src/${alias[1]}/${alias[2]}`
    : path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier))
  const candidates = [target, `${target}.ts`, `${target}/index.ts`].filter((one) => /\.(ts|vue)$/.test(one))
  return candidates.find((one) => existsSync(path.join(root, one))) ?? null
}

/** The graph between nouns: core/board, main/proxy. Files directly in core or main stay themselves. */
export function folderGraph(files) {
  const folderOf = (file) => /^(src\/(?:core|main)\/[^/]+)\//.exec(file)?.[1] ?? file
  const folders = new Map()
  for (const [file, targets] of files) {
    const from = folderOf(file)
    const edges = folders.get(from) ?? new Set()
    for (const target of targets.map(folderOf)) if (target !== from) edges.add(target)
    folders.set(from, edges)
  }
  return new Map([...folders].map(([folder, edges]) => [folder, [...edges]]))
}

/** Groups of two or more nodes that reach each other (Tarjan, 1972), each sorted. */
export function circles(graph) {
  const order = new Map()
  const low = new Map()
  const stack = []
  const found = []
  const visit = (node) => {
    order.set(node, order.size)
    low.set(node, order.get(node))
    stack.push(node)
    for (const target of graph.get(node) ?? []) {
      if (!order.has(target)) visit(target)
      if (stack.includes(target)) low.set(node, Math.min(low.get(node), low.get(target)))
    }
    if (low.get(node) !== order.get(node)) return
    const group = stack.splice(stack.indexOf(node))
    if (group.length > 1) found.push(group.sort())
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return found
}
