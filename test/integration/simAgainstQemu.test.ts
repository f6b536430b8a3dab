import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMachine } from '@core/sim/createMachine'
import type { Engine } from '@core/sim/machine'
import type { CorePresetName } from '@core/sim/boards/presets'
import { cProgram, linkerScript, startup } from './simPrograms'

const gcc = 'riscv64-unknown-elf-gcc'
const qemu = 'qemu-system-riscv32'
const has = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0
const missing = [gcc, qemu].filter((tool) => !has(tool))
if (missing.length > 0) console.warn(`SKIPPED simulator against QEMU: ${missing.join(' and ')} not installed`)

/**
 * QEMU counts an ecall, ebreak or illegal instruction as executed although it traps; the Privileged Architecture
 * (section 3.3.1) says that it does not retire, and the simulator follows that. The program does three such a round.
 */
const trapRounds = 20
const uncountedTraps = 3 * trapRounds

/** QEMU's output with the trapping instructions taken off the count of the program that traps on purpose. */
function asRetired(output: string): string {
  return output.replace(/^(traps \w+) (\w+)$/m, (_line, result: string, count: string) => {
    const retired = parseInt(count, 16) - uncountedTraps
    return `${result} ${retired.toString(16).padStart(8, '0')}`
  })
}

const optimisations = ['-O0', '-O2', '-O3', '-Os']
let folder = ''

function build(name: string, flags: string[]): Uint8Array {
  const elf = path.join(folder, `${name}.elf`)
  const sources = ['start.S', 'program.c'].map((file) => path.join(folder, file))
  const common = [
    '-misa-spec=2.2',
    '-mabi=ilp32',
    '-mcmodel=medany',
    '-nostdlib',
    '-nostartfiles',
    '-ffreestanding'
  ]
  const libgcc = ['-lgcc', '-Wl,--no-relax,--no-warn-rwx-segments', `-T${path.join(folder, 'link.ld')}`]
  execFileSync(gcc, [...flags, ...common, ...sources, '-o', elf, ...libgcc], { stdio: 'pipe' })
  return readFileSync(elf)
}

function runQemu(name: string): string {
  const args = [
    '-M',
    'virt',
    '-bios',
    'none',
    '-nographic',
    '-icount',
    'shift=0',
    '-monitor',
    'none',
    '-serial',
    'stdio'
  ]
  return execFileSync(qemu, [...args, '-kernel', path.join(folder, `${name}.elf`)], {
    timeout: 300_000,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'latin1'
  })
}

function runSimulator(elf: Uint8Array, board: CorePresetName, engine: Engine, cycleModel: boolean): string {
  const machine = createMachine({ board, engine, cycleModel, compileAfterJumps: 20 })
  machine.loadElf(elf)
  let output = ''
  for (let slices = 0; slices < 1000; slices++) {
    const { reason } = machine.run(1_000_000)
    output += String.fromCharCode(...machine.uartTake())
    if (reason === 'powerOff') return output
  }
  throw new Error(`The program did not end. pc 0x${machine.pc().toString(16)}, output: ${output}`)
}

describe.skipIf(missing.length > 0)('simulator against QEMU -icount shift=0', () => {
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bitbench-qemu-'))
    writeFileSync(path.join(folder, 'link.ld'), linkerScript)
    writeFileSync(path.join(folder, 'start.S'), startup)
    writeFileSync(path.join(folder, 'program.c'), cProgram)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(
    optimisations.flatMap((level) => [
      [level, 'rv32imac'],
      [level, 'rv32ima']
    ])
  )('results and retired instructions agree at %s for %s', (level, march) => {
    const elf = build(`program${level}${march}`, [level, `-march=${march}`])
    const expected = asRetired(runQemu(`program${level}${march}`))
    expect(expected).toMatch(/\nend\n$/)
    for (const engine of ['interpreter', 'compiled'] as const) {
      for (const [board, cycleModel] of [
        ['small', false],
        ['small', true],
        ['mid', true],
        ['high', true]
      ] as const) {
        expect(runSimulator(elf, board, engine, cycleModel).split('\n')).toEqual(expected.split('\n'))
      }
    }
  })
})
