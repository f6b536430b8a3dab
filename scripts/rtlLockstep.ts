/**
 * Runs random programs on the verilated core and on the simulator and compares registers, memory, traps, instructions and cycles.
 *
 *   npm run rtl:lockstep -- [--instructions 1000000] [--seed 1] [--plain] [--netlist]
 *
 * --plain: the core without the unit. --netlist: the cells that yosys makes of it for an iCE40. Exit 1: a program ends differently.
 * Exit 3: no Verilator.
 */
import { parseArgs } from 'node:util'
import { createRandom } from '../src/core/math/random'
import { rtlCore } from '../src/core/sim/boards/rtlCore'
import { firstDifference, runSimulated, runVerilated } from '../test/support/rtl/lockstep'
import { netlistProgram } from '../test/support/rtl/netlist'
import { randomProgram } from '../test/support/rtl/randomProgram'
import { verilatedProgram } from '../test/support/rtl/verilated'

const { values } = parseArgs({
  options: {
    instructions: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    plain: { type: 'boolean', default: false },
    netlist: { type: 'boolean', default: false }
  }
})
const xbb = !values.plain
const variant = xbb ? 'xbb' : 'plain'
const file = values.netlist ? await netlistProgram(variant) : await verilatedProgram(variant)
if (file === null) process.exit(3)
const wanted = Number(values.instructions)
const random = createRandom(Number(values.seed))
const board = rtlCore(xbb)
let executed = 0
let programs = 0
while (executed < wanted && process.exitCode !== 1) {
  const batch = Array.from({ length: 200 }, () => randomProgram(random, 50 + random.integer(500), xbb))
  const verilated = await runVerilated(file, batch)
  for (const [at, program] of batch.entries()) {
    const simulated = runSimulated(board, program)
    executed += simulated.instructions
    programs++
    const difference = firstDifference(simulated.ram, verilated[at]!.ram)
    if (simulated.code === verilated[at]!.code && difference === null) continue
    console.error(
      `program ${programs}: code ${simulated.code} and ${verilated[at]!.code}; ${difference ?? 'RAM equal'}`
    )
    process.exitCode = 1
    break
  }
}
console.log(
  `${executed} instructions in ${programs} programs: ${process.exitCode === 1 ? 'a difference' : 'equal, cycles included'}`
)
