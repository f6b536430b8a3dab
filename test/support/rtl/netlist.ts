import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { resourcePath } from '@main/paths'
import { coreRecipe } from '@main/board/rtl/coreSources'

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 256 * 2 ** 20
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${program} failed:\n${stderr || stdout.slice(-2000)}`)
  return stdout
}

/**
 * The verilated board whose logic is not its Verilog but the cells that yosys maps it to on an iCE40, with the multipliers of
 * resources/rtl/icebreaker; RAM alone stays as it is. Returns the path of the program.
 *
 * @throws what yosys, Verilator or make print
 */
export async function netlistProgram(variant: 'plain' | 'xbb'): Promise<string> {
  const { files, verilatorArguments, makeArguments } = await coreRecipe(resourcePath('rtl'), variant)
  // Without a space: yosys and make have no way to write one.
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-netlist-'))
  for (const file of files) copyFileSync(file, path.join(folder, path.basename(file)))
  const board = resourcePath('rtl', 'icebreaker')
  const products = ['hard_product.v', 'multiplier.v', 'signed_product.v']
  for (const name of products) copyFileSync(path.join(board, name), path.join(folder, name))
  const sources = readdirSync(folder).filter((name) => name.endsWith('.v') && name !== 'memory.v')
  const given = verilatorArguments.filter((argument) => argument.startsWith('-G'))
  const parameters = given.map((argument) => `-set ${argument.slice(2).replace('=', ' ')}`)
  run(
    'yosys',
    [
      '-p',
      [
        `read_verilog ${sources.join(' ')}`,
        'read_verilog -lib memory.v',
        `chparam ${parameters.join(' ')} soc`,
        'synth_ice40 -abc2 -top soc',
        'write_verilog -noattr netlist.v'
      ].join('; ')
    ],
    folder
  )
  const yosys = realpathSync(run('sh', ['-c', 'command -v yosys'], folder).trim())
  const cells = path.resolve(path.dirname(yosys), '..', 'share', 'yosys', 'ice40', 'cells_sim.v')
  writeFileSync(path.join(folder, 'no_defaults.v'), '`define NO_ICE40_DEFAULT_ASSIGNMENTS\n')
  const others = verilatorArguments.filter(
    (argument) => !given.includes(argument) && (!argument.endsWith('.v') || argument === 'memory.v')
  )
  run('verilator', [...others, '-Wno-lint', 'no_defaults.v', 'netlist.v', cells], folder)
  run('make', makeArguments, folder)
  return path.join(folder, 'board')
}
