import { createMachine } from '@core/sim/createMachine'
import { ramBase } from '@core/sim/machine'
import type { MachineConfig } from '@core/sim/boards/presets'
import { spawn } from 'node:child_process'

/** A program's end: what it wrote to the test finisher (0: it did not end) and its RAM. */
export interface EndState {
  code: number
  ram: Uint8Array
  /** Instructions retired; 0 where it is not known. */
  instructions: number
}

/** Runs a flat program on the simulator's interpreter until it powers off. */
export function runSimulated(board: MachineConfig, program: Uint8Array): EndState {
  const machine = createMachine({ board: { ...board, ramBytes: 65536 }, engine: 'interpreter' })
  machine.loadBinary(ramBase, program)
  const { reason } = machine.run(200_000)
  return {
    code: reason === 'powerOff' ? 0x5555 : 0,
    ram: machine.readMemory(ramBase, program.length),
    instructions: machine.instret()
  }
}

/** Runs flat programs on the verilated board, one after the other. Rejects when it ends early. */
export async function runVerilated(file: string, programs: readonly Uint8Array[]): Promise<EndState[]> {
  const child = spawn(file, ['--batch'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  for (const program of programs) {
    const head = Buffer.alloc(4)
    head.writeUInt32LE(program.length)
    child.stdin.write(head)
    if (!child.stdin.write(program)) await new Promise((resolve) => child.stdin.once('drain', resolve))
  }
  child.stdin.end()
  const code = await ended
  if (code !== 0) throw new Error(`${file} ended with code ${code}.`)
  const all = Buffer.concat(chunks)
  let at = 0
  return programs.map((program) => {
    const state = {
      code: all.readUInt32LE(at),
      ram: new Uint8Array(all.subarray(at + 4, at + 4 + program.length))
    }
    at += 4 + program.length
    return { ...state, instructions: 0 }
  })
}

/** The first word in which two pieces of RAM differ, in words; null when they are equal. */
export function firstDifference(left: Uint8Array, right: Uint8Array): string | null {
  for (let at = 0; at < left.length; at += 4) {
    const [a, b] = [left, right].map((bytes) =>
      new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)
    )
    if (a !== b) return `${at.toString(16)}: ${a!.toString(16)} simulated, ${b!.toString(16)} in RTL`
  }
  return null
}
