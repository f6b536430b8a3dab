/**
 * What a multiply-accumulate costs: `npm run bench:kernels -- [--json] [--isa NAME|all] [--reference]`.
 *
 * Builds bench/kernels/bench.c with the kernels for one instruction set, runs it on QEMU (-icount shift=0: instructions) and
 * on the virtual boards (cycles by their cycle model, which is a model: docs/sim.md), checks every checksum against the
 * TypeScript reference, and sets the result beside the published library's cost (published.ts). --isa all measures every
 * instruction set and sets them side by side. Exit 1: a bar is missed or a result is wrong. Without a RISC-V gcc or
 * QEMU it says so and exits 3.
 */
import { spawnSync } from 'node:child_process'
import { kernelIsas, type KernelIsa } from './kernels/isas'
import { measureKernels, qemuOf, type Measurement } from './kernels/measure'
import { measureSequences, printSequences } from './kernels/sequence'
import { published, verdicts, type KernelRow, type Verdict } from './kernels/verdicts'
import { readFlags } from './flags'

const compiler = process.env['RISCV_CC'] ?? 'riscv64-unknown-elf-gcc'
const { values: options } = readFlags({
  options: {
    json: { type: 'boolean', default: false },
    isa: { type: 'string', default: 'rv32im' },
    reference: { type: 'boolean', default: false }
  }
})

const chosen = options.isa === 'all' ? [...kernelIsas] : kernelIsas.filter(({ name }) => name === options.isa)
if (chosen.length === 0) {
  console.error(`--isa is one of ${kernelIsas.map(({ name }) => name).join(', ')}, all`)
  process.exit(2)
}
const missing = [compiler, ...new Set(chosen.map(qemuOf))].filter(
  (tool) => spawnSync(tool, ['--version']).status !== 0
)
if (missing.length > 0) {
  console.error(`Not found: ${missing.join(', ')}. On Debian: apt-get install gcc-riscv64-unknown-elf`)
  console.error(
    'picolibc-riscv64-unknown-elf qemu-system-misc. Without them: npx bitbench bench kernels --board virtual:small'
  )
  process.exit(3)
}

const measured = chosen.map((isa) => ({ isa, ...measureKernels(compiler, isa, options.reference) }))
const first = measured[0]!
/** The bars are meant for plain 32-bit cores; vectors make int8 so cheap that the comparison with it loses its sense. */
const judged = first.isa.xlen === 32 ? verdicts(first.rows) : []
/** Measured by the shipped monitor, which is built for plain rv32im. */
const sequences = first.isa.name === 'rv32im' ? measureSequences() : { rows: [], wrong: [] }
if (options.json) {
  const { isa, rows, depthwise } = first
  const isas = measured.map((each) => ({ name: each.isa.name, rows: each.rows, depthwise: each.depthwise }))
  const setting = { isa: isa.name, useReference: options.reference, compiler: compilerVersion() }
  const wrong = measured.flatMap((each) => each.wrong)
  const all = measured.length > 1 ? { isas } : {}
  console.log(
    JSON.stringify(
      { ...setting, rows, depthwise, sequences: sequences.rows, published, verdicts: judged, wrong, ...all },
      null,
      1
    )
  )
} else {
  print(first)
  if (sequences.rows.length > 0) printSequences(sequences.rows)
  if (measured.length > 1) compare(measured)
  printVerdicts(judged)
}
for (const fault of measured.flatMap(({ isa, wrong }) => wrong.map((text) => `${isa.name}: ${text}`)))
  console.error(fault)
for (const fault of sequences.wrong) console.error(fault)
if (sequences.wrong.length > 0 || measured.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1
if (!options.reference && judged.some(({ ok }) => !ok)) process.exitCode = 1

/** Rows of one shape after the other. */
function byShape(rows: readonly KernelRow[]): [string, KernelRow[]][] {
  const titles = [...new Set(rows.map(({ kernel, shape }) => `${kernel} ${shape}`))]
  return titles.map((title) => [title, rows.filter(({ kernel, shape }) => `${kernel} ${shape}` === title)])
}

function pairOf({ activationBits, weightBits }: KernelRow): string {
  return `a${activationBits}w${weightBits}`
}

function print({ isa, rows, depthwise }: Measurement & { isa: KernelIsa }): void {
  const cyclesOf = ({ cyclesPerMac: { small, mid, high } }: KernelRow): string =>
    [small, mid, high].map((cycles) => (cycles?.toFixed(2) ?? '–').padStart(7)).join('')
  for (const [title, block] of byShape(rows)) {
    console.log(
      `\n${title}, ${isa.name}   instructions per MAC (published at 16x64x256), cycles small mid high`
    )
    for (const row of block) {
      const theirs = published[row.activationBits][row.weightBits].toFixed(2).padStart(5)
      const own = row.instructionsPerMac.toFixed(3).padStart(7)
      console.log(`  ${pairOf(row)}  ${own}  (${theirs}) ${cyclesOf(row)}`)
    }
  }
  for (const row of depthwise)
    console.log(
      `\ndepthwise ${row.shape}, ${isa.name}, every pair   ${row.instructionsPerMac.toFixed(3)} instructions, cycles ${cyclesOf(row)}`
    )
}

/** Instructions per multiply-accumulate, one column an instruction set. */
function compare(columns: readonly (Measurement & { isa: KernelIsa })[]): void {
  const heads = columns.map(({ isa }) => isa.name.padStart(12)).join('')
  for (const [title, block] of byShape(columns[0]!.rows)) {
    console.log(`\n${title}: instructions per MAC\n        ${heads}`)
    for (const row of block) {
      const at = columns[0]!.rows.indexOf(row)
      const cells = columns.map(({ rows }) => rows[at]!.instructionsPerMac.toFixed(3).padStart(12))
      console.log(`  ${pairOf(row)}  ${cells.join('')}`)
    }
  }
}

function printVerdicts(list: readonly Verdict[]): void {
  console.log('')
  for (const { name, value, bar, ok } of list)
    console.log(`${ok ? 'ok  ' : 'MISS'} ${name}: ${value} (bar ${bar})`)
}

function compilerVersion(): string {
  return spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0] ?? ''
}
