// npm run rtl:synth [-- --json]: cells that the core in resources/rtl takes on an iCE40 and an ECP5, with and without the unit for
// packed dot products, as yosys maps it. Counts only: nothing is placed or routed, and there is no clock rate.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const rtlFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'resources', 'rtl')

/** What is around the core: RAM, UART and timer are of the board. */
const board = new Set(['soc.v', 'memory.v', 'uart.v', 'timer.v'])
// Names alone, in their folder: yosys has no way to write a path with a space.
const sources = readdirSync(rtlFolder)
  .filter((name) => name.endsWith('.v') && !board.has(name))
  .sort()

const targets = [
  {
    name: 'ice40',
    command: 'synth_ice40 -dsp',
    cells: { lut: 'SB_LUT4', multiplier: 'SB_MAC16', ram: 'SB_RAM40_4K' }
  },
  { name: 'ecp5', command: 'synth_ecp5', cells: { lut: 'LUT4', multiplier: 'MULT18X18D', ram: 'DP16KD' } }
]

if (spawnSync('yosys', ['-V']).status !== 0) {
  console.error('Not found: yosys. On Debian: apt-get install yosys')
  process.exit(3)
}

/** Cells by type, summed over flip-flop kinds. Throws with the words of yosys. */
function synthesise(target, xbb) {
  const commands = [
    `read_verilog ${sources.join(' ')}`,
    `chparam -set XBB ${xbb ? 1 : 0} core`,
    `${target.command} -top core`,
    'stat'
  ]
  const { status, stdout, stderr } = spawnSync('yosys', ['-p', commands.join('; ')], {
    cwd: rtlFolder,
    encoding: 'utf8',
    maxBuffer: 256 * 2 ** 20
  })
  if (status !== 0) throw new Error(`yosys failed:\n${stderr || stdout.slice(-2000)}`)
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

const rows = targets.flatMap((target) => [false, true].map((xbb) => synthesise(target, xbb)))
if (process.argv.includes('--json')) console.log(JSON.stringify({ rows }, null, 2))
else {
  for (const { target, unit, lut4, flipFlops, multipliers, blockRams } of rows) {
    console.log(
      `${target.padEnd(6)} ${unit ? 'with the unit   ' : 'without the unit'} ${lut4} LUT4, ${flipFlops} flip-flops, ${multipliers} multipliers, ${blockRams} block RAMs`
    )
  }
}
