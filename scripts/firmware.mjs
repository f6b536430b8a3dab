// Builds the board monitor: resources/firmware and the kernels of one variant -> resources/firmware/build/<name>.elf, .bin.
//   node scripts/firmware.mjs            builds, writes resources/PROVENANCE.md
//   node scripts/firmware.mjs --check    builds into a temporary folder, exits 1 when a committed byte would change
//   node scripts/firmware.mjs --out DIR  builds there and leaves the committed files alone
//   node scripts/firmware.mjs --only NAME  builds what begins with NAME alone; the rest stays as it is
//   … --pairs a8w8,a4w4 [--without-sequence] --out DIR  with these pairs of widths alone, chosen when it is linked, and without
//                                        softmax, norms, products of activations and rope (npm run firmware:sizes says what they take)
// The same sources and compiler give the same bytes: no time stamps, no paths, no build ids. Exit 3: no compiler found.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { kernelFolder, kernelSources, variantNames } from './kernelVariants.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
export const firmwareFolder = path.join(root, 'resources', 'firmware')
const buildFolder = path.join(firmwareFolder, 'build')
const provenanceFile = path.join(root, 'resources', 'PROVENANCE.md')
const compiler = process.env.RISCV_CC ?? 'riscv64-unknown-elf-gcc'

/** A program beside the compiler, e.g. nm. */
export const toolOf = (name) => compiler.replace(/gcc$/, name)

const target = '--specs=picolibc.specs -misa-spec=2.2 -mcmodel=medany'.split(' ')
const rv32 = ['-march=rv32imac', '-mabi=ilp32']
/** LiteX's usual cores (VexRiscv "standard") know neither compressed nor atomic instructions. */
const rv32im = ['-march=rv32im', '-mabi=ilp32']
/** ESP32-C3; the C6 knows atomic instructions too, which the monitor does not need. */
const rv32imc = ['-march=rv32imc', '-mabi=ilp32']
const rv64 = ['-march=rv64imac', '-mabi=lp64']
/** LiteX's 64-bit cores: Rocket has compressed instructions, BlackParrot and NaxRiscv have none. */
const rv64im = ['-march=rv64im', '-mabi=lp64']
const language =
  '-std=c11 -ffreestanding -fno-builtin-printf -ffunction-sections -fdata-sections -msmall-data-limit=0 -Wall -Wextra -Werror'.split(
    ' '
  )
/** What runs per byte of the line or per number is built for speed, the rest for size. */
const speed = '-O2'
const size = '-Os'
const fastSources = ['frame.c', 'crc.c', 'uart.c', 'main.c', 'memory.c', 'runtime/runtime.c']
const linking = '-nostdlib -nostartfiles -Wl,--gc-sections -Wl,--build-id=none -Wl,--fatal-warnings'.split(
  ' '
)

const monitorSources = [
  'start.S',
  'main.c',
  'session.c',
  'network.c',
  'bench.c',
  'benchSequence.c',
  'reply.c',
  'frame.c',
  'crc.c',
  'uart.c',
  'ram.c',
  'identify.c',
  'sleep.c',
  'memory.c',
  'runtime/image.c',
  'runtime/parameters.c',
  'runtime/runtime.c',
  'runtime/kernelTable.c'
]

/** What counts is filled in by the host. */
const counterSources = ['counters.c', 'counterRecord.c']

/** Pairs of the small monitor for flash. */
const smallPairs = ['a8w8', 'a8w4', 'a4w4']

/** Pairs of the monitor for an iCEBreaker. */
const icebreakerPairs = ['a8w8', 'a8w4', 'a8w2', 'a4w4', 'a2w2']

/** A program that the monitor's `call` runs: a language model's decoder (docs/language-models.md). */
const decoder = {
  program: [
    'decoder/entry.c',
    'decoder/check.c',
    'decoder/decoder.c',
    'decoder/cacheReference.c',
    'decoder/cacheFast.c',
    'memory.c'
  ],
  script: 'decoder/program.ld',
  base: '0x80000000',
  movable: true
}

/** One committed binary per purpose; `kernels` are extra flags of the kernel sources, `base` an address instead of 0x80000000. */
export const monitors = [
  // `hello`: what it says of itself is kept beside it, so that a plan for its kernels needs no machine.
  { name: 'monitor', variants: ['rv32im', 'reference'], machine: rv32, kernels: [], base: null, hello: true },
  {
    name: 'monitor-zbb',
    variants: ['rv32im_zbb'],
    machine: rv32,
    kernels: ['-march=rv32imac_zbb'],
    base: null
  },
  // For the core of resources/rtl, without and with its unit for packed dot products.
  { name: 'monitor-im', variants: ['rv32im', 'reference'], machine: rv32im, kernels: [], base: null },
  {
    name: 'monitor-xbb',
    variants: ['xbb'],
    machine: rv32im,
    kernels: [],
    base: null,
    symbols: ['-Wl,--defsym=MONITOR_LIMIT=0x28000']
  },
  // The latter on an iCEBreaker, whose RAM is 128 KiB: with few pairs of widths.
  {
    name: 'monitor-icebreaker',
    variants: ['xbb'],
    machine: [...rv32im, ...subsetFlags(icebreakerPairs, true)],
    kernels: [],
    base: null
  },
  // For LiteX SoCs, carried by the BIOS's serial loader into main RAM; the host fills in where the UART is.
  ...[
    { name: 'monitor-litex', machine: rv32im },
    { name: 'monitor-litex64', machine: rv64im }
  ].map(({ name, machine }) => ({
    name,
    variants: ['rv32im', 'reference'],
    machine: [...machine, '-DBOARD_LITEX'],
    sources: ['litexBoard.c', ...counterSources],
    kernels: [],
    base: '0x40000000',
    movable: true,
    counters: true
  })),
  // The same for a VexRiscv that has the unit on its function unit bus.
  {
    name: 'monitor-litex-cfu',
    variants: ['xbb'],
    machine: [...rv32im, '-DBOARD_LITEX', '-DXBB_CFU'],
    sources: ['litexBoard.c', ...counterSources],
    kernels: [],
    base: '0x40000000',
    symbols: ['-Wl,--defsym=MONITOR_LIMIT=0x28000'],
    movable: true,
    counters: true
  },
  // For U-Boot's `go` on QEMU's 64-bit virt machine: out of the way of U-Boot itself.
  { name: 'monitor-rv64', variants: ['rv32im', 'reference'], machine: rv64, kernels: [], base: '0x80800000' },
  // For a U-Boot in supervisor mode under an SBI firmware; the host fills in UART and RAM and moves it into the board's RAM.
  {
    name: 'monitor-rv64s',
    variants: ['rv32im', 'reference'],
    machine: [...rv64, '-DBOARD_DESCRIBED', '-DBOARD_SUPERVISOR'],
    sources: ['describedBoard.c', 'sbiCounter.c', ...counterSources],
    kernels: [],
    base: '0x80800000',
    movable: true,
    counters: true
  },
  // For described boards in machine mode: UART, RAM and counters are filled in, and the monitor is moved into the board's RAM.
  ...[
    { name: 'monitor-rv32m', machine: rv32im },
    { name: 'monitor-rv64m', machine: rv64 }
  ].map(({ name, machine }) => ({
    name,
    variants: ['rv32im', 'reference'],
    machine: [...machine, '-DBOARD_DESCRIBED'],
    sources: ['describedBoard.c', ...counterSources],
    kernels: [],
    base: '0x80800000',
    movable: true,
    counters: true
  })),
  // For the RAM of ESP32-C3 and C6, carried by the loader in their ROM; UART and counters are filled in.
  ...[
    { name: 'monitor-esp32c3', base: '0x3fc80000', codeDistance: 0x700000 },
    { name: 'monitor-esp32c6', base: '0x40800000', codeDistance: 0 }
  ].map(({ name, base, codeDistance }) => ({
    name,
    variants: ['rv32im', 'reference'],
    machine: [...rv32imc, '-DBOARD_DESCRIBED', '-DBOARD_ESP'],
    sources: ['describedBoard.c', ...counterSources],
    kernels: [],
    base,
    script: 'esp32.ld',
    symbols: [`-Wl,--defsym=CODE_DISTANCE=${codeDistance}`],
    codeDistance,
    counters: true
  })),
  // For microcontrollers that execute in place from flash at 0x08000000 (GD32VF103, CH32V307): with every kernel, and with those
  // of few pairs. UART, RAM, flash, name and counters are filled in.
  ...[
    { name: 'monitor-flash', subset: [] },
    { name: 'monitor-flash-small', subset: subsetFlags(smallPairs, true) }
  ].map(({ name, subset }) => ({
    name,
    variants: ['rv32im', 'reference'],
    machine: [...rv32imc, '-DBOARD_DESCRIBED', '-DBOARD_FLASH', ...subset],
    sources: ['describedBoard.c', ...counterSources],
    kernels: [],
    base: '0x08000000',
    script: 'flash.ld',
    symbols: ['-Wl,--defsym=FLASH_BASE=0x08000000', '-Wl,--defsym=RAM_BASE=0x20000000'],
    counters: true
  })),
  // Like monitor-rv64 with vector kernels, for cores whose ISA string has V.
  { name: 'monitor-rvv', variants: ['rvv'], machine: rv64, kernels: [], base: '0x80800000' },
  { name: 'decoder', variants: ['rv32im'], machine: rv32im, kernels: [], ...decoder },
  {
    name: 'decoder-zbb',
    variants: ['rv32im_zbb'],
    machine: rv32,
    kernels: ['-march=rv32imac_zbb'],
    ...decoder
  }
]
  .map(({ variants, ...rest }) => ({
    ...rest,
    variant: variants.find((name) => variantNames.includes(name))
  }))
  .filter(({ variant }) => variant !== undefined)

/** Ends this program with 3 where there is no compiler. */
export function needCompiler() {
  if (spawnSync(compiler, ['--version']).error === undefined) return
  console.error(
    `${compiler} not found. apt install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf, or set RISCV_CC.`
  )
  process.exit(3)
}

/** Runs the compiler. @throws what it printed, behind `what` */
export function compile(args, what) {
  const { status, stderr, error } = spawnSync(compiler, args, { cwd: root, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${what}: ${compiler} failed:\n${stderr}`)
}

function objectOf(source, folder, flags) {
  const object = path.join(folder, `${path.relative(root, source).replaceAll(/[/\\.]/g, '_')}.o`)
  const special =
    path.basename(source) === 'memory.c' ? ['-fno-builtin', '-fno-tree-loop-distribute-patterns'] : []
  const maps = [`-ffile-prefix-map=${root}=.`]
  const include = [`-I${kernelFolder}`, `-I${firmwareFolder}`]
  compile(
    [...target, ...flags, ...language, ...special, ...maps, ...include, '-c', source, '-o', object],
    source
  )
  return object
}

/** Copies what an ELF loads, or the sections that `pick` names, into a flat file; returns its bytes. */
export function binaryOf(elf, file, pick = []) {
  const args = ['-O', 'binary', ...pick, elf, file]
  const { status, stderr } = spawnSync(toolOf('objcopy'), args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`objcopy failed:\n${stderr}`)
  return readFileSync(file)
}

/** How far a movable monitor is linked away from its base, to see which of its words are addresses. */
const movedBy = 0x1000_0000

/**
 * The words of an image that hold addresses inside the image, as offsets in hex, one a line: all that differs when the same
 * objects are linked elsewhere. The host adds the distance to them where RAM lies elsewhere (src/core/board/movedImage.ts).
 */
function addressWords(image, moved) {
  const offsets = []
  for (let at = 0; at + 4 <= image.length; at += 4) {
    const distance = (moved.readUInt32LE(at) - image.readUInt32LE(at)) >>> 0
    if (distance === movedBy) offsets.push(at.toString(16))
    else if (distance !== 0)
      throw new Error(`the word at ${at.toString(16)} depends on the base in another way`)
  }
  if (moved.length !== image.length) throw new Error('the image has a different length at another base')
  return `${offsets.join('\n')}\n`
}

/**
 * The instructions that access a counter (resources/firmware/counters.h), as offset in hex and what they access, one a line: the
 * host writes the numbers of other CSRs into them (src/core/board/counterRecord.ts). Code that was left out has address 0.
 */
function counterSites(elf, base, work) {
  const file = path.join(work, 'sites.bin')
  const pick = ['--only-section=.debug_counter_sites', '--set-section-flags', '.debug_counter_sites=alloc']
  const words = binaryOf(elf, file, pick)
  const lines = []
  for (let at = 0; at + 8 <= words.length; at += 8) {
    const address = words.readUInt32LE(at)
    if (address !== 0) lines.push(`${(address - base).toString(16)} ${words.readUInt32LE(at + 4)}`)
  }
  return `${lines.join('\n')}\n`
}

/** What a monitor's hello says on the largest virtual board, as JSON (src/main/board/monitorInfo.ts reads it). */
function helloOf(elf) {
  const run = [path.join(root, 'scripts', 'runTs.mjs'), path.join(root, 'scripts', 'monitorHello.ts'), elf]
  const { status, stdout, stderr } = spawnSync(process.execPath, run, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`The monitor's hello cannot be read:\n${stderr}`)
  return stdout
}

/** Flags of a monitor with some pairs of widths alone, e.g. a8w8,a4w4. */
export function subsetFlags(pairs, isWithoutSequence) {
  const widths = [8, 4, 2, 1]
  const mask = pairs.reduce((bits, pair) => {
    const [, a, w] = /^a([8421])w([8421])$/.exec(pair) ?? []
    if (a === undefined)
      throw new Error(`"${pair}" is no pair; one is a4w2: 4-bit activations, 2-bit weights.`)
    return bits | (1 << (4 * widths.indexOf(Number(a)) + widths.indexOf(Number(w))))
  }, 0)
  return ['-DBB_SUBSET', `-DBB_PAIRS=${mask}u`, ...(isWithoutSequence ? ['-DBB_WITHOUT_SEQUENCE'] : [])]
}

/** Compiles what a monitor consists of besides kernels; returns the objects. */
export function ownObjects({ program, sources = [], machine }, folder) {
  return (program ?? [...monitorSources, ...sources]).map((name) =>
    objectOf(path.join(firmwareFolder, name), folder, [
      ...machine,
      fastSources.includes(name) || program ? speed : size
    ])
  )
}

/** Compiles a source of a monitor's kernels; returns the object. */
export const kernelObject = ({ machine, kernels }, file, folder) =>
  objectOf(file, folder, [...machine, ...kernels, speed])

/** The error for a monitor that is too long: which one, by how many bytes, and what to do; it is linked once more, over the limit. */
function outgrown(name, args, elf, cause) {
  spawnSync(compiler, [...args, '-Wl,--noinhibit-exec'], { cwd: root })
  const { stdout } = spawnSync(toolOf('nm'), [elf], { encoding: 'utf8' })
  rmSync(elf, { force: true })
  const at = new Map(
    [...stdout.matchAll(/^([0-9a-f]+) \w (\w+)$/gm)].map(([, hex, symbol]) => [symbol, parseInt(hex, 16)])
  )
  const base = at.get('MONITOR_BASE') ?? at.get('FLASH_BASE')
  // In flash only the image counts; in RAM zeroed data and the stack too.
  const end = at.has('FLASH_BASE') ? at.get('_image_end') : at.get('_bss_end') + at.get('LEAST_STACK_BYTES')
  const limit = at.get('MONITOR_LIMIT') ?? 0x20000
  const text = Number.isFinite(end - base)
    ? `${end - base} bytes, ${end - base - limit} more than its ${limit}`
    : cause.message
  return new Error(
    `${name} is too long: ${text}. Leave kernels out, or raise its limit (MONITOR_LIMIT in scripts/firmware.mjs) where boards have the RAM.`
  )
}

/** Links a monitor from objects, with symbols that say where; writes ELF and image and returns the bytes of the image. */
export function linkImage({ name, machine, script = 'board.ld' }, objects, symbols, { elf, bin }) {
  const link = [...target, ...machine, ...linking, ...symbols, '-T', path.join(firmwareFolder, script)]
  const all = [...link, ...objects, '-lgcc', '-o', elf]
  try {
    compile(all, `link of ${name}`)
  } catch (error) {
    throw /has outgrown/.test(error.message) ? outgrown(name, all, elf, error) : error
  }
  return binaryOf(elf, bin)
}

const filesOf = ({ name, movable, counters, hello }) =>
  [
    'elf',
    'bin',
    ...(movable === true ? ['addresses'] : []),
    ...(counters === true ? ['counters'] : []),
    ...(hello === true ? ['hello.json'] : [])
  ].map((ending) => `${name}.${ending}`)

/** Builds one monitor into `folder`; returns the names of its files. */
function build(monitor, folder) {
  const work = mkdtempSync(path.join(tmpdir(), 'bitbench-firmware-'))
  try {
    const objects = [
      ...ownObjects(monitor, work),
      ...kernelSources(monitor.variant).map((file) => kernelObject(monitor, file, work))
    ]
    const elf = path.join(folder, `${monitor.name}.elf`)
    const { symbols = [] } = monitor
    const placedAt = (base) => [`-Wl,--defsym=MONITOR_BASE=${base}`, ...symbols]
    const place = monitor.program ? [] : monitor.base === null ? symbols : placedAt(monitor.base)
    const image = linkImage(monitor, objects, place, { elf, bin: path.join(folder, `${monitor.name}.bin`) })
    if (monitor.counters === true)
      writeFileSync(
        path.join(folder, `${monitor.name}.counters`),
        counterSites(elf, Number(monitor.base) + (monitor.codeDistance ?? 0), work)
      )
    if (monitor.hello === true) writeFileSync(path.join(folder, `${monitor.name}.hello.json`), helloOf(elf))
    if (monitor.movable !== true) return filesOf(monitor)
    const other = linkImage(monitor, objects, placedAt(Number(monitor.base) + movedBy), {
      elf: path.join(work, 'moved.elf'),
      bin: path.join(work, 'moved.bin')
    })
    writeFileSync(path.join(folder, `${monitor.name}.addresses`), addressWords(image, other))
    return filesOf(monitor)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex')

function provenance(folder, files) {
  const version = spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0]
  const rows = files.map((file) => {
    const full = path.join(folder, file)
    return `| ${file} | ${readFileSync(full).length} | \`${sha256(full)}\` |`
  })
  return `# Where the committed binaries come from

Written by \`npm run firmware\` (scripts/firmware.mjs); \`node scripts/firmware.mjs --check\` builds them again and fails when a
byte differs.

- Compiler: \`${version}\` (Debian package gcc-riscv64-unknown-elf, headers of picolibc-riscv64-unknown-elf)
- Compile: \`${[...target, ...language].join(' ')}\` with \`${speed}\` for the kernels and ${fastSources.join(', ')}, else \`${size}\`
- Link: \`${[...target, ...linking].join(' ')} -T resources/firmware/board.ld … -lgcc\` (decoder: decoder/program.ld, all with \`${speed}\`)
- Sources: resources/firmware and resources/kernels

| binary | machine | kernels | base |
|---|---|---|---|
${monitors.map(({ name, machine, variant, kernels, base }) => `| ${name} | \`${machine.join(' ')}\` | ${[variant, ...kernels].join(' ')} | ${base ?? '0x80000000'} |`).join('\n')}

| resources/firmware/build | bytes | SHA-256 |
|---|---|---|
${rows.join('\n')}
`
}

function check() {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-firmware-check-'))
  try {
    const files = monitors.flatMap((monitor) => build(monitor, folder))
    const differing = files.filter((file) => {
      const committed = path.join(buildFolder, file)
      return !existsSync(committed) || sha256(committed) !== sha256(path.join(folder, file))
    })
    const text = provenance(folder, files)
    if (!existsSync(provenanceFile) || readFileSync(provenanceFile, 'utf8') !== text)
      differing.push('PROVENANCE.md')
    if (differing.length === 0) return console.log(`Equal byte for byte: ${files.join(', ')}`)
    console.error(
      `Not what the sources build: ${differing.join(', ')}. Run npm run firmware and commit the result.`
    )
    process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function main() {
  needCompiler()
  const outIndex = process.argv.indexOf('--out')
  try {
    if (process.argv.includes('--check')) {
      check()
    } else {
      const folder = outIndex > 0 ? path.resolve(process.argv[outIndex + 1] ?? '.') : buildFolder
      mkdirSync(folder, { recursive: true })
      const onlyIndex = process.argv.indexOf('--only')
      const only = onlyIndex > 0 ? (process.argv[onlyIndex + 1] ?? '') : ''
      const pairsIndex = process.argv.indexOf('--pairs')
      if (pairsIndex > 0 && outIndex < 0)
        throw new Error('--pairs needs --out DIR: the committed files have the usual pairs.')
      const subset =
        pairsIndex < 0
          ? []
          : subsetFlags(process.argv[pairsIndex + 1].split(','), process.argv.includes('--without-sequence'))
      const files = monitors
        .filter(({ name }) => (pairsIndex < 0 ? name.startsWith(only) : name === only))
        .flatMap((monitor) => build({ ...monitor, machine: [...monitor.machine, ...subset] }, folder))
      if (outIndex < 0) writeFileSync(provenanceFile, provenance(folder, monitors.flatMap(filesOf)))
      for (const file of files) console.log(`${file}  ${readFileSync(path.join(folder, file)).length} bytes`)
    }
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main()
