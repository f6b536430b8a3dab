import path from 'node:path'
import { readFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { MonitorClient } from '@core/board/monitorClient'
import { createRandom } from '@core/math/random'
import { rtlCore } from '@core/sim/boards/rtlCore'
import { createMachine } from '@core/sim/createMachine'
import { wallClock } from '@main/board/clock'
import type { Link } from '@main/board/links/link'
import { openRtlLink } from '@main/board/links/rtlLink'
import { converse } from '@main/board/runConversation'
import { firstDifference, runSimulated, runVerilated } from '../support/rtl/lockstep'
import { randomProgram } from '../support/rtl/randomProgram'
import { verilatedProgram } from '../support/rtl/verilated'
import { createSimulatorLink } from '../support/simulatorLink'

const firmware = path.resolve('resources/firmware/build')

// Made once a checkout; describe has no hook for it.
const programs = { xbb: await verilatedProgram('xbb'), plain: await verilatedProgram('plain') }

describe.each([
  { name: 'with the unit for packed dot products', xbb: true, monitor: 'monitor-xbb' },
  { name: 'without it', xbb: false, monitor: 'monitor-im' }
])('the core in Verilog $name', { timeout: 300_000 }, ({ xbb, monitor }) => {
  const program = programs[xbb ? 'xbb' : 'plain']
  const config = rtlCore(xbb)

  it.skipIf(program === null)(
    'ends random programs as the simulator does: registers, memory, traps, instructions and cycles',
    async () => {
      const random = createRandom(xbb ? 11 : 12)
      const randomPrograms = Array.from({ length: 40 }, () =>
        randomProgram(random, 50 + random.integer(500), xbb)
      )
      const verilated = await runVerilated(program!, randomPrograms)
      let instructions = 0
      for (const [at, words] of randomPrograms.entries()) {
        const simulated = runSimulated(config, words)
        instructions += simulated.instructions
        expect(verilated[at]!.code).toBe(0x5555)
        expect(simulated.code).toBe(0x5555)
        expect(firstDifference(simulated.ram, verilated[at]!.ram)).toBeNull()
      }
      expect(instructions).toBeGreaterThan(10_000)
    }
  )

  it.skipIf(program === null)(
    'runs the monitor as it is shipped, and its kernels in exactly the cycles of the simulator',
    async () => {
      const rtl = await openRtlLink({
        program: program!,
        image: path.join(firmware, `${monitor}.bin`),
        spawn,
        label: 'verilated core'
      })
      const machine = createMachine({ board: config, cycleModel: true })
      machine.loadElf(readFileSync(path.join(firmware, `${monitor}.elf`)))
      machine.reset()
      const twin = createSimulatorLink(machine, wallClock)
      const benches = async (link: Link): Promise<unknown[]> => {
        const client = new MonitorClient()
        const info = await converse(link, client.hello(1), { stallMs: 60_000 })
        expect(info.isa).toBe(`rv32im_zicsr${xbb ? '_xbb' : ''}`)
        const results: unknown[] = []
        for (const { kernel, dims } of [
          { kernel: 'matmul' as const, dims: [3, 10, 40] },
          { kernel: 'conv2d' as const, dims: [6, 6, 5, 4, 3, 1, 1] },
          { kernel: 'conv2d' as const, dims: [5, 9, 16, 6, 3, 1, 1] },
          // Pixels of one and three codes: windows begin at any bit.
          { kernel: 'conv2d' as const, dims: [7, 9, 1, 6, 5, 1, 2] },
          { kernel: 'conv2d' as const, dims: [6, 7, 3, 5, 3, 2, 1] }
        ]) {
          for (const [activationBits, weightBits] of [
            [8, 8],
            [4, 2],
            [1, 1]
          ] as const) {
            const request = { kernel, dims, activationBits, weightBits, repetitions: 1, seed: 3 }
            results.push(await converse(link, client.bench(request), { stallMs: 60_000 }))
          }
        }
        return results
      }
      try {
        const measured = await benches(rtl)
        expect(measured).toEqual(await benches(twin))
        expect(measured).toHaveLength(15)
      } finally {
        await rtl.close()
        await twin.close()
      }
    }
  )
})
