// What the kernels take in flash: the monitor for microcontrollers linked with no pair of widths, with each alone and with all, and the
// functions of each operator in it. Prints the tables of docs/firmware-sizes.md.
//   node scripts/firmwareSizes.mjs            prints them
//   node scripts/firmwareSizes.mjs --write    writes docs/firmware-sizes.md
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  firmwareFolder,
  kernelObject,
  linkImage,
  monitors,
  ownObjects,
  subsetFlags,
  toolOf
} from './firmware.mjs'
import { kernelSources } from './kernelVariants.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const monitor = monitors.find(({ name }) => name === 'monitor-flash')
const widths = [8, 4, 2, 1]
const pairs = widths.flatMap((a) => widths.map((w) => `a${a}w${w}`))

/** Sizes of the functions of an object or program, by name. */
function symbolSizes(file) {
  const args = ['-S', '--defined-only', file]
  const { stdout, status, stderr } = spawnSync(toolOf('nm'), args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`nm failed:\n${stderr}`)
  const sizes = new Map()
  for (const line of stdout.split('\n')) {
    const [, bytes, kind, name] = /^[0-9a-f]+ ([0-9a-f]+) (\w) (.+)$/.exec(line) ?? []
    if (name !== undefined && kind !== 'b' && kind !== 'B') sizes.set(name, parseInt(bytes, 16))
  }
  return sizes
}

/** Compiles everything once; only the table of pairs differs from one monitor to the next. */
function linker(work, isWithoutSequence) {
  const withPairs = (subset) => ({
    ...monitor,
    machine: [...monitor.machine, ...subsetFlags(subset, isWithoutSequence)]
  })
  const isTable = (file) => path.dirname(file).endsWith('table')
  const kernels = kernelSources(monitor.variant)
  const none = withPairs([])
  const objects = [
    ...ownObjects(none, work),
    ...kernels.filter((file) => !isTable(file)).map((file) => kernelObject(none, file, work))
  ]
  return {
    objects,
    /** Links with these pairs; returns the bytes of its image. */
    link(subset, elf = path.join(work, 'monitor.elf')) {
      const table = kernelObject(withPairs(subset), kernels.find(isTable), work)
      return linkImage(monitor, [...objects, table], monitor.symbols, { elf, bin: `${elf}.bin` }).length
    }
  }
}

/** Bytes that each kernel source adds to a linked program, largest first; what begins with skipped is left out. */
function operatorRows(objects, elf, skipped) {
  const linked = symbolSizes(elf)
  return objects
    .filter((object) => path.basename(object).startsWith('resources_kernels_'))
    .map((object) => {
      const name = path
        .basename(object)
        .replace(/^resources_kernels_/, '')
        .replace(/_c\.o$/, '.c')
      const bytes = [...symbolSizes(object).keys()].reduce(
        (sum, symbol) => sum + (linked.get(symbol) ?? 0),
        0
      )
      return { name, bytes }
    })
    .filter(({ name, bytes }) => bytes > 0 && !skipped.some((start) => name.startsWith(start)))
    .sort((a, b) => b.bytes - a.bytes)
}

function tables() {
  const work = mkdtempSync(path.join(tmpdir(), 'bitbench-sizes-'))
  try {
    const lean = linker(work, true)
    const none = lean.link([])
    const alone = pairs.map((pair) => lean.link([pair]) - none)
    const all = lean.link(pairs)
    const full = linker(work, false)
    const elf = path.join(work, 'all.elf')
    const whole = full.link(pairs, elf)
    const dots = [
      'rv32im_bytes',
      'rv32im_nibbles',
      'rv32im_pairs',
      'rv32im_tables',
      'rv32im_row',
      'rv32im_wide',
      'rv32im_narrow',
      'rv32im_carry',
      'ref_dot'
    ]
    return { none, alone, all, whole, rows: operatorRows(full.objects, elf, dots) }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The committed binaries that the tables were made beside, by which a test sees that they are stale. */
function shippedRows() {
  return ['monitor-flash', 'monitor-flash-small'].map((name) => {
    const bytes = readFileSync(path.join(firmwareFolder, 'build', `${name}.bin`))
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 8)
    return `| \`${name}.bin\` as it is shipped (SHA-256 ${digest}…) | ${bytes.length} |`
  })
}

function text({ none, alone, all, whole, rows }) {
  const pairRow = (a, index) => `| a${a} | ${widths.map((_, w) => alone[4 * index + w]).join(' | ')} |`
  return `# What kernels take in flash

Written by \`npm run firmware:sizes -- --write\`: the monitor that executes in place (docs/firmware.md), built for \`${monitor.machine[0]}\`. Bytes
of its image, code and constants. \`node scripts/firmware.mjs --only monitor-flash --pairs a8w8,a4w4 --without-sequence --out DIR\` links one
with the pairs you choose.

| monitor | bytes |
|---|---|
| no pair, without the operators of language models | ${none} |
| all pairs, without the operators of language models | ${all} |
| all pairs and operators | ${whole} |
${shippedRows().join('\n')}

The shipped monitor with everything lacks the code that says which kernels there are, the small one has a8w8, a8w4 and a4w4 alone.

A pair alone adds this to the first row (rows: activation bits, columns: weight bits). Pairs that share code add less together.

| | w8 | w4 | w2 | w1 |
|---|---|---|---|---|
${widths.map(pairRow).join('\n')}

Sources of the other operators, in the monitor with all (convolutions and matrix products of every pair use conv2d.c and matmul.c):

| source | bytes |
|---|---|
${rows.map(({ name, bytes }) => `| ${name.replace(/^(ref|rv32im)_/, '$1/')} | ${bytes} |`).join('\n')}
`
}

const found = text(tables())
const file = path.join(root, 'docs', 'firmware-sizes.md')
if (process.argv.includes('--write')) writeFileSync(file, found)
else {
  console.log(found)
  if (process.argv.includes('--check') && readFileSync(file, 'utf8') !== found) {
    console.error('docs/firmware-sizes.md is stale: npm run firmware:sizes -- --write')
    process.exitCode = 1
  }
}
