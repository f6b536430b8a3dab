// npm run rtl:synth [-- --no-place] [--json] [--bitstream FILE [--only-bitstream]]: cells that the core in resources/rtl takes on an iCE40 and an ECP5,
// with and without the unit for packed dot products, as yosys maps it; then the whole board of resources/rtl/icebreaker placed and
// routed by nextpnr-ice40 for a UP5K: what it takes, and the clock that it reaches. --bitstream packs the board with the unit;
// with --only-bitstream nothing else is done. Exit 1: a bitstream that is slower than the board's clock, or a board that does not fit.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    'no-place': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    bitstream: { type: 'string' },
    'only-bitstream': { type: 'boolean', default: false }
  }
})
const rtlFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'resources', 'rtl')
const boardFolder = path.join(rtlFolder, 'icebreaker')

const verilogIn = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.v'))
    .sort()

/** What is around the core: RAM, UART, timer and boot loader are of the board. */
const board = new Set(['soc.v', 'memory.v', 'uart.v', 'timer.v', 'boot.v'])
// Names alone, in their folder: yosys has no way to write a path with a space.
const coreSources = verilogIn(rtlFolder).filter((name) => !board.has(name))
/**
 * What an iCE40 multiplies with is wired by hand, without `synth_ice40 -dsp`: that of yosys 0.23 loses one of the multiplier's
 * four products.
 */
const ice40Products = ['hard_product.v', 'multiplier.v', 'signed_product.v']
const onIce40 = (sources, own) => [
  ...sources.filter((name) => !own.includes(name)),
  ...own.map((name) => `icebreaker/${name}`)
]
/** The iCEBreaker's, which nothing divides. */
const boardMhz = 12
/** The board's RAM and products take the place of the general ones. */
const boardSources = onIce40(verilogIn(rtlFolder), verilogIn(boardFolder))

const targets = [
  {
    name: 'ice40',
    command: 'synth_ice40 -abc2',
    sources: onIce40(coreSources, ice40Products),
    cells: { lut: 'SB_LUT4', multiplier: 'SB_MAC16', ram: 'SB_RAM40_4K' }
  },
  {
    name: 'ecp5',
    command: 'synth_ecp5',
    sources: coreSources,
    cells: { lut: 'LUT4', multiplier: 'MULT18X18D', ram: 'DP16KD' }
  }
]

/** icepack ends with 1 whatever it is asked: only a program that cannot be started is not there. */
function need(program, harmless) {
  if (spawnSync(program, [harmless]).error === undefined) return
  console.error(`Not found: ${program}. On Debian: apt-get install yosys nextpnr-ice40 fpga-icestorm`)
  process.exit(3)
}

function yosys(commands) {
  const { status, stdout, stderr } = spawnSync('yosys', ['-p', commands.join('; ')], {
    cwd: rtlFolder,
    encoding: 'utf8',
    maxBuffer: 256 * 2 ** 20
  })
  if (status !== 0) throw new Error(`yosys failed:\n${stderr || stdout.slice(-2000)}`)
  return stdout
}

/** Cells by type, summed over flip-flop kinds. Throws with the words of yosys. */
function synthesise(target, xbb) {
  const stdout = yosys([
    `read_verilog ${target.sources.join(' ')}`,
    `chparam -set XBB ${xbb ? 1 : 0} core`,
    `${target.command} -top core`,
    'stat'
  ])
  // The last statistics are of the finished netlist.
  const counted = new Map(
    [...stdout.slice(stdout.lastIndexOf('Number of cells:')).matchAll(/^\s+(\w+)\s+(\d+)$/gm)].map(
      ([, cell, count]) => [cell, Number(count)]
    )
  )
  const { lut, multiplier, ram } = target.cells
  const flipFlops = [...counted].filter(([cell]) => /^(SB_DFF|TRELLIS_FF)/.test(cell))
  return {
    target: target.name,
    unit: xbb,
    lut4: counted.get(lut) ?? 0,
    flipFlops: flipFlops.reduce((sum, [, count]) => sum + count, 0),
    multipliers: counted.get(multiplier) ?? 0,
    blockRams: counted.get(ram) ?? 0
  }
}

/** The board on a UP5K: what is used of what there is, and the highest clock in MHz; null where it does not fit. */
function place(xbb, folder) {
  const name = xbb ? 'with' : 'without'
  const [netlist, routed] = [path.join(folder, `${name}.json`), path.join(folder, `${name}.asc`)]
  yosys([
    `read_verilog ${boardSources.join(' ')}`,
    `chparam -set XBB ${xbb ? 1 : 0} icebreaker`,
    `synth_ice40 -abc2 -top icebreaker -json ${netlist}`
  ])
  const pins = path.join(boardFolder, 'icebreaker.pcf')
  const args = ['--up5k', '--package', 'sg48', '--json', netlist, '--pcf', pins, '--asc', routed]
  const { status, stderr } = spawnSync(
    'nextpnr-ice40',
    // A goal above the board's clock, so that what is reached is not below it.
    [...args, '--freq', String(boardMhz + 1), '--seed', '1', '--timing-allow-fail'],
    {
      encoding: 'utf8',
      maxBuffer: 256 * 2 ** 20
    }
  )
  const used = (cell) => {
    const found = [...stderr.matchAll(new RegExp(`\\b${cell}:\\s+(\\d+)/\\s*(\\d+)`, 'g'))].at(-1)
    return found === undefined ? null : { used: Number(found[1]), of: Number(found[2]) }
  }
  const clock = [...stderr.matchAll(/Max frequency for clock '[^']*': ([\d.]+) MHz/g)].at(-1)
  const row = {
    unit: xbb,
    cells: used('ICESTORM_LC'),
    multipliers: used('ICESTORM_DSP'),
    blockRams: used('ICESTORM_RAM'),
    spram: used('ICESTORM_SPRAM'),
    mhz: status === 0 && clock !== undefined ? Number(clock[1]) : null
  }
  // What does not fit ends with an error, and so does a faulty netlist: only the first is a result.
  const isTooLarge = row.cells !== null && row.cells.used > row.cells.of
  if (status !== 0 && !isTooLarge && !/Unable to place|Failed to expand|does not fit/i.test(stderr))
    throw new Error(`nextpnr-ice40 failed:\n${stderr.slice(-2000)}`)
  if (xbb && options.bitstream !== undefined) {
    if (status === 0) pack(routed, path.resolve(options.bitstream))
    else {
      console.error(`${options.bitstream}: not written, the board does not fit.`)
      process.exitCode = 1
    }
  }
  return row
}

function pack(routed, file) {
  const { status, stderr } = spawnSync('icepack', [routed, file], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`icepack failed:\n${stderr}`)
}

if (options.bitstream !== undefined && options['no-place']) {
  console.error('--bitstream packs what was placed: leave out --no-place.')
  process.exit(2)
}
if (options['only-bitstream'] && options.bitstream === undefined) {
  console.error('--only-bitstream needs --bitstream FILE.')
  process.exit(2)
}
// All of them before minutes of work.
need('yosys', '-V')
if (!options['no-place']) need('nextpnr-ice40', '--version')
if (options.bitstream !== undefined) need('icepack', '-h')
const counted = options['only-bitstream'] ? [] : targets
const rows = counted.flatMap((target) => [false, true].map((xbb) => synthesise(target, xbb)))
let placed = []
if (!options['no-place']) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-synth-'))
  try {
    placed = (options['only-bitstream'] ? [true] : [false, true]).map((xbb) => place(xbb, folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
const unitText = (unit) => (unit ? 'with the unit   ' : 'without the unit')
if (options.json) console.log(JSON.stringify({ rows, placed }, null, 2))
else {
  for (const { target, unit, lut4, flipFlops, multipliers, blockRams } of rows)
    console.log(
      `${target.padEnd(6)} ${unitText(unit)} ${lut4} LUT4, ${flipFlops} flip-flops, ${multipliers} multipliers, ${blockRams} block RAMs`
    )
  const text = (cell) => (cell === null ? '?' : `${cell.used} of ${cell.of}`)
  for (const { unit, cells, multipliers, blockRams, spram, mhz } of placed)
    console.log(
      `UP5K   ${unitText(unit)} ${text(cells)} logic cells, ${text(multipliers)} DSPs, ${text(blockRams)} block RAMs, ${text(spram)} SPRAMs, ` +
        (mhz === null ? 'does not fit' : `at most ${mhz.toFixed(2)} MHz`)
    )
}
const packed = placed.at(-1)
if (options.bitstream !== undefined && packed.mhz !== null && packed.mhz < boardMhz) {
  console.error(`${options.bitstream}: slower than the board's ${boardMhz} MHz, not safe to use.`)
  process.exitCode = 1
}
