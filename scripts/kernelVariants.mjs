// The kernel builds described by resources/kernels/variants.json: which C files one variant needs and what its
// table of pairs says. Read by the table generator, the firmware build, the kernel tests and the kernel benchmark.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository: upwards from here, because a bundled copy of this file runs from build/. */
function findRoot(from) {
  const isHere = existsSync(path.join(from, 'resources', 'kernels', 'variants.json'))
  return isHere || from === path.dirname(from) ? from : findRoot(path.dirname(from))
}

const root = findRoot(path.dirname(fileURLToPath(import.meta.url)))

export const kernelFolder = path.join(root, 'resources', 'kernels')

const description = JSON.parse(readFileSync(path.join(kernelFolder, 'variants.json'), 'utf8'))
const widths = [8, 4, 2, 1]

/** Names of the builds, e.g. "reference", "rv32im". */
export const variantNames = Object.keys(description.variants)

function variantOf(name) {
  const variant = description.variants[name]
  if (!variant) throw new Error(`No kernel variant "${name}"; there are: ${variantNames.join(', ')}.`)
  return variant
}

/** The 16 rows of one variant's table, activation bits outermost: {activationBits, weightBits, dot, scratch, ...}. */
export function pairsOf(name) {
  const variant = variantOf(name)
  const rows = []
  for (const activationBits of widths) {
    for (const weightBits of widths) {
      const engineName = variant.pairs[activationBits]?.[weightBits]
      const engine = description.engines[engineName]
      if (!engine) {
        throw new Error(
          `variants.json: variant ${name}, a${activationBits}w${weightBits}: no engine "${engineName}".`
        )
      }
      const fill = (text) => text.replace('{w}', weightBits).replace('{a}', activationBits)
      rows.push({
        activationBits,
        weightBits,
        engine: engineName,
        // A pair without a fast version of its own says so.
        variant: engineName === 'reference' ? 0 : variant.id,
        layout: description.layouts[engine.layout],
        rowsMax: engine.rowsMax,
        scratch: fill(engine.scratch),
        dot: fill(engine.dot),
        conv2d: engine.conv2d ? fill(engine.conv2d) : 'NULL'
      })
    }
  }
  return rows
}

/** Absolute paths of all C files of one variant, its table included. */
export function kernelSources(name) {
  const variant = variantOf(name)
  const own = pairsOf(name).flatMap((row) => description.engines[row.engine].sources)
  const instead = variant.instead ?? {}
  const common = description.sources.map((file) => instead[file] ?? file)
  const files = [...common, ...own, `table/${name}.c`]
  return [...new Set(files)].map((file) => path.join(kernelFolder, file))
}
