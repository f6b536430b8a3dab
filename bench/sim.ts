/**
 * How fast the simulator runs: millions of simulated instructions per second, both engines, with and without the cycle
 * model, and whether the engines agree. `npm run bench:sim [-- --json] [--seconds S]`. Exit 1: they do not, or the compiler is
 * below its bar on the firmware's matmul.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { createMachine } from '@core/sim/createMachine'
import { ramBase, type Engine, type VirtualMachine } from '@core/sim/machine'
import type { CorePresetName } from '@core/sim/boards/presets'
import { buildMatmulInC } from './simMatmulInC'
import { firmwareBench } from './simFirmware'
import { startClock, type Spell } from './stopwatch'
import { matmulProgram, mixedProgram } from './simPrograms'
import { positive, readFlags } from './flags'

/** Million instructions per second that the compiler must reach on the firmware's matmul, whatever the cycle model. */
const minSpeed = 400
const firmwareProgram = 'matmul 64x64x64 of the firmware'

interface Row {
  program: string
  engine: Engine
  /** 'none' without the cycle model. */
  cycleModel: CorePresetName | 'none'
  millionInstructionsPerSecond: number
  millionInstructionsPerCpuSecond: number
  cyclesPerInstruction: number
}

interface Program {
  name: string
  load: (machine: VirtualMachine) => void
  /** Runs for about that much processor time. */
  runFor: (machine: VirtualMachine, seconds: number) => Spell
  /** Runs a fixed amount of work; what it returns must be equal on both engines. */
  fingerprint: (machine: VirtualMachine) => unknown
}

/** A program that simply runs on. */
const freeRunning = {
  runFor(machine: VirtualMachine, seconds: number): Spell {
    const before = { instructions: machine.instret(), cycles: machine.cycles() }
    const clock = startClock()
    while (clock().cpuSeconds < seconds) machine.run(2_000_000)
    return {
      instructions: machine.instret() - before.instructions,
      cycles: machine.cycles() - before.cycles,
      ...clock()
    }
  },
  fingerprint(machine: VirtualMachine): unknown {
    machine.run(5_000_000)
    const memory = createHash('sha256').update(machine.readMemory(ramBase, 0x50000)).digest('hex')
    return [machine.pc(), machine.instret(), machine.cycles(), [...machine.registers()], memory]
  }
}

const { values } = readFlags(
  {
    options: { json: { type: 'boolean', default: false }, seconds: { type: 'string', default: '0.5' } }
  },
  { seconds: positive() }
)
const secondsPerRow = Number(values.seconds)
if (!(secondsPerRow > 0)) {
  console.error('--seconds must be a positive number')
  process.exit(2)
}

const engines = ['interpreter', 'compiled'] as const
const models = ['none', 'small', 'mid', 'high'] as const

function build(engine: Engine, model: (typeof models)[number]): VirtualMachine {
  return createMachine({ board: model === 'none' ? 'high' : model, engine, cycleModel: model !== 'none' })
}

function compiledMatmul(): Program | null {
  const elf = buildMatmulInC()
  return (
    elf && {
      name: 'matmul 64x64x64 int8, gcc -O2',
      load: (machine) => void machine.loadElf(elf),
      ...freeRunning
    }
  )
}

/** The monitor firmware running its own matmul kernel, asked over its UART as the app asks it. */
function firmwareMatmul(): Program | null {
  const file = 'resources/firmware/build/monitor.elf'
  if (!existsSync(file)) {
    console.error(`SKIPPED matmul of the firmware: ${file} not built`)
    return null
  }
  const elf = readFileSync(file)
  return {
    name: firmwareProgram,
    load: (machine) => void machine.loadElf(elf),
    ...firmwareBench
  }
}

function programs(): Program[] {
  const assembled = [matmulProgram(64, 1_000_000), mixedProgram(1_000_000)].map(({ name, bytes }) => ({
    name,
    load: (machine: VirtualMachine) => machine.loadBinary(ramBase, bytes),
    ...freeRunning
  }))
  return [...assembled, compiledMatmul(), firmwareMatmul()].filter((program) => program !== null)
}

function measure(program: Program, engine: Engine, model: (typeof models)[number]): Row {
  const machine = build(engine, model)
  program.load(machine)
  // Warm up: V8 optimises the loops, the engine compiles its regions.
  program.runFor(machine, engine === 'compiled' ? 1.5 : 0.4)
  const { instructions, cycles, seconds, cpuSeconds } = program.runFor(machine, secondsPerRow)
  return {
    program: program.name,
    engine,
    cycleModel: model,
    millionInstructionsPerSecond: instructions / seconds / 1e6,
    millionInstructionsPerCpuSecond: instructions / cpuSeconds / 1e6,
    cyclesPerInstruction: cycles / instructions
  }
}

/** Runs both engines for the same work and compares registers, RAM and counters. */
function enginesAgree(program: Program, model: (typeof models)[number]): boolean {
  const [one, other] = engines.map((engine) => {
    const machine = build(engine, model)
    program.load(machine)
    return JSON.stringify(program.fingerprint(machine))
  })
  return one === other
}

/** PicoRV32's RTL took 7,972,035 cycles for 1,868,180 instructions of a 64x64x64 int8 matmul. */
function picoReference(): {
  instructions: number
  cycles: number
  cyclesPerInstruction: number
  measuredOnRtl: number
} {
  const machine = createMachine({ board: 'small', engine: 'compiled' })
  machine.loadBinary(ramBase, matmulProgram(64, 1).bytes)
  // The fill loop runs once in front: 65536 passes of six instructions, and ten to set it up.
  const filled = 65536 * 6 + 10
  machine.run(filled)
  const before = { instructions: machine.instret(), cycles: machine.cycles() }
  machine.run(100_000_000)
  const instructions = machine.instret() - before.instructions
  const cycles = machine.cycles() - before.cycles
  return {
    instructions,
    cycles,
    cyclesPerInstruction: cycles / instructions,
    measuredOnRtl: 7_972_035 / 1_868_180
  }
}

const rows: Row[] = []
const disagreements: string[] = []
const list = programs()
for (const program of list) {
  for (const model of models) {
    if (!enginesAgree(program, model)) disagreements.push(`${program.name}, cycle model ${model}`)
    for (const engine of engines) rows.push(measure(program, engine, model))
  }
}
/**
 * Compared by processor time: wall-clock time depends on what else the machine does. On an idle one both are the same.
 */
const verdicts = rows
  .filter(({ program, engine }) => program === firmwareProgram && engine === 'compiled')
  .map(({ cycleModel, millionInstructionsPerCpuSecond: value }) => ({
    name: `${firmwareProgram}, compiled, cycle model ${cycleModel}`,
    value,
    bar: minSpeed,
    ok: value >= minSpeed
  }))
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version }
const reference = picoReference()

if (values.json) {
  console.log(
    JSON.stringify({
      machine,
      rows,
      enginesAgree: disagreements.length === 0,
      disagreements,
      verdicts,
      picoRv32: reference
    })
  )
} else {
  console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`)
  console.log('Million simulated instructions per second of wall clock (and of processor time)\n')
  console.log(
    'program                          cycle model     interpreter         compiled   cycles/instruction'
  )
  const speed = (row: Row): string =>
    `${row.millionInstructionsPerSecond.toFixed(0)} (${row.millionInstructionsPerCpuSecond.toFixed(0)})`
  for (let at = 0; at < rows.length; at += 2) {
    const [slow, fast] = [rows[at], rows[at + 1]]
    const cycles = slow.cyclesPerInstruction.toFixed(3).padStart(21)
    console.log(
      slow.program.padEnd(33) +
        slow.cycleModel.padEnd(11) +
        speed(slow).padStart(16) +
        speed(fast).padStart(17) +
        cycles
    )
  }
  console.log(
    `\nEngines ${disagreements.length === 0 ? 'agree' : `DISAGREE: ${disagreements.join('; ')}`} in registers, RAM, instructions and cycles.`
  )
  console.log(
    `small on the 64x64x64 int8 matmul: ${reference.cycles} cycles for ${reference.instructions} instructions, ` +
      `${reference.cyclesPerInstruction.toFixed(2)} a piece; PicoRV32's RTL took ${reference.measuredOnRtl.toFixed(2)}.`
  )
}
if (!values.json) {
  for (const { name, value, bar, ok } of verdicts)
    console.log(
      `${ok ? 'ok  ' : 'MISS'} ${name}: ${value.toFixed(0)} per second of processor time (bar ${bar})`
    )
}
process.exitCode = disagreements.length === 0 && verdicts.every(({ ok }) => ok) ? 0 : 1
