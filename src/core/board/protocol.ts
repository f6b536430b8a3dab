import { kernelNames, kernelVariants, type KernelName } from '@shared/vocabulary'
import type { BoardInfo, BoardKernel } from './boardInfo'
import { ByteReader, ByteWriter } from '../binary/bytes'

/** Commands of the board monitor as typed requests and responses (docs/protocol.md). No I/O, no waiting. */
export const opcodes = {
  hello: 0x01,
  load: 0x02,
  read: 0x03,
  crc: 0x04,
  prepare: 0x05,
  run: 0x06,
  bench: 0x07,
  echo: 0x08,
  reset: 0x09,
  call: 0x0a,
  counters: 0x0b,
  tensor: 0x0c
} as const

/** Name of a request of the monitor's protocol. */
export type Opcode = keyof typeof opcodes

/** Set in the command byte of a response. */
export const responseFlag = 0x80
/** Command byte of a frame that the monitor sends by itself. */
export const eventCommand = 0x7f
/** Data bytes of one load or read. */
export const maxDataBytes = 1024

/** Most repetitions of one kernel measurement: their count has 16 bits. */
export const maxBenchRepetitions = 65_535

/** One kernel measurement: kernel, bits, dimensions, repetitions and the seed of its operands. */
export interface BenchRequest {
  kernel: KernelName
  activationBits: number
  /** 0 for kernels without weights. */
  weightBits: number
  /** matmul {n, m, k}; conv2d {h, w, c, k, ks, stride, pad}; ... see docs/protocol.md. At most 8, each below 2^16. */
  dims: readonly number[]
  repetitions: number
  seed: number
  /** Use the reference kernel instead of the fast one. */
  reference?: boolean
}

/** Counters and checksum of a kernel measurement. */
export interface BenchResult {
  repetitions: number
  /** CRC-32 of the outputs. */
  checksum: number
  /** Per reported repetition (at most 64); empty when the board has no such counter. */
  cycles: number[]
  instructions: number[]
}

/** Where a loaded Image keeps its arena, inputs and outputs; addresses and sizes in bytes. */
export interface PreparedImage {
  totalBytes: number
  arenaAddress: number
  arenaBytes: number
  inputAddress: number
  inputBytes: number
  outputAddress: number
  outputCount: number
  layerCount: number
}

/** Inferences of a prepared Image: addresses in board memory and their number. */
export interface RunRequest {
  inputAddress: number
  outputAddress: number
  count: number
  /** Count cycles and instructions per layer. */
  perLayer?: boolean
  clearCounters?: boolean
}

/** Sums over the inferences or over a call; meaningless where hello says that the counter is absent. */
export interface Spent {
  cycles: number
  instructions: number
}

/** Cycles and instructions that a layer spent over its runs. */
export interface LayerCounters extends Spent {
  runs: number
}

/** A message that the board sends by itself: progress of a run, or a trap. */
export interface BoardEvent {
  kind: 'progress' | 'trap' | 'unknown'
  done: number
  total: number
}

const u32s = (...values: number[]): Uint8Array => {
  const writer = new ByteWriter(4 * values.length)
  for (const value of values) writer.u32(value)
  return writer.done()
}

/** Request payloads by command. */
export const encode = {
  hello: (nonce: number): Uint8Array => u32s(nonce),
  load: (address: number, bytes: Uint8Array): Uint8Array =>
    new ByteWriter(4 + bytes.length).u32(address).raw(bytes).done(),
  read: (address: number, length: number): Uint8Array => new ByteWriter(6).u32(address).u16(length).done(),
  crc: (address: number, length: number): Uint8Array => u32s(address, length),
  /** @param arenaAddress of an Image in flash; null: the arena follows the Image */
  prepare: (imageAddress: number, arenaAddress: number | null = null): Uint8Array =>
    arenaAddress === null ? u32s(imageAddress) : u32s(imageAddress, arenaAddress),
  run: (request: RunRequest): Uint8Array =>
    new ByteWriter(11)
      .u32(request.inputAddress)
      .u32(request.outputAddress)
      .u16(request.count)
      .u8((request.perLayer ? 1 : 0) | (request.clearCounters ? 2 : 0))
      .done(),
  bench: (request: BenchRequest): Uint8Array => {
    const writer = new ByteWriter(26)
      .u8(kernelNames.indexOf(request.kernel))
      .u8(request.activationBits)
      .u8(request.weightBits)
      .u8(request.reference ? 1 : 0)
      .u16(request.repetitions)
    for (let i = 0; i < 8; i++) writer.u16(request.dims[i] ?? 0)
    return writer.u32(request.seed).done()
  },
  call: (entry: number, a0: number, a1: number): Uint8Array => u32s(entry, a0, a1),
  counters: (first: number, count: number): Uint8Array => new ByteWriter(4).u16(first).u16(count).done(),
  tensor: (layer: number): Uint8Array => new ByteWriter(2).u16(layer).done()
}

/**
 * The ISA of a core whose misa may be wrong (VexRiscv full in LiteX claims B and G alone): a core without E has I, every monitor
 * is made of multiplications, and B is believed where the monitor has executed an instruction of Zbb.
 */
function completeIsa(isa: string): string {
  const [first, ...extensions] = isa.split('_')
  const letters = /^(rv(?:32|64))([a-z]*)$/.exec(first ?? '')
  if (letters === null) return isa
  const claimed = letters[2].replace(/[iem]/g, '')
  const base = letters[2].includes('e') && !letters[2].includes('i') ? 'e' : 'i'
  const rest = extensions.includes('zbb') ? claimed : claimed.replace('b', '')
  return [`${letters[1]}${base}m${rest}`, ...extensions].join('_')
}

/** Bits 2 to 7 of countersAvailable: what counts cycles, and the binary logarithm of a timer's step; for a CSR, 1 is one of the SBI's. */
function cycleSourceOf(counters: number): Pick<BoardInfo, 'cycleSource'> {
  const code = (counters >> 2) & 3
  const step = counters >> 4
  if (code === 0 || (counters & 1) === 0) return {}
  if (code > 1) return { cycleSource: { kind: 'timer', stepCycles: 2 ** step, bits: code === 2 ? 32 : 64 } }
  return {
    cycleSource:
      step === 0 ? { kind: 'csr', stepCycles: 1, bits: 32 } : { kind: 'sbi', stepCycles: 1, bits: 64 }
  }
}

/** Response data (after the status) by command. Throw RangeError when the data is shorter than the protocol says. */
export const readReply = {
  hello(data: Uint8Array): { info: BoardInfo; nonce: number } {
    const r = new ByteReader(data)
    const protocolVersion = r.u16()
    const window = r.u8()
    const counters = r.u8()
    const clockHz = r.u32()
    const ram = { low: r.u32(), high: r.u32() }
    const buildId = r.u32()
    const nonce = r.u32()
    const [vendorId, architectureId, implementationId] = [r.u32(), r.u32(), r.u32()]
    const xlen = r.u8()
    const [isa, coreName, buildText] = [r.text(), r.text(), r.text()]
    const kernels: BoardKernel[] = []
    for (let count = r.u8(); count > 0; count--) {
      const [kernel, activationBits, weightBits] = [r.u8(), r.u8(), r.u8()]
      const [weightLayout, variant, rowsMax] = [r.u8(), r.u8(), r.u8()]
      const scratch = { fixedBytes: r.u16(), bytesPerInput: r.u8(), bytesPerOutput: r.u8() }
      const name = kernelNames[kernel]
      // A newer firmware may list more than this host knows; it is of no use here.
      if (name === undefined) continue
      kernels.push({
        kernel: name,
        activationBits,
        weightBits,
        weightLayout,
        variant: kernelVariants[variant] ?? 'ref',
        rowsMax,
        scratch
      })
    }
    // Monitors that execute in place end with their flash.
    const flash = r.left >= 8 ? { flash: { low: r.u32(), high: r.u32() } } : {}
    const info: BoardInfo = {
      protocolVersion,
      window: Math.max(1, window),
      counters: { cycles: (counters & 1) !== 0, instructions: (counters & 2) !== 0 },
      ...cycleSourceOf(counters),
      clockHz: clockHz === 0 ? null : clockHz,
      ram,
      ...flash,
      buildId,
      vendorId,
      architectureId,
      implementationId,
      xlen,
      isa: completeIsa(isa),
      coreName,
      buildText,
      kernels
    }
    return { info, nonce }
  },
  crc: (data: Uint8Array): number => new ByteReader(data).u32(),
  prepare(data: Uint8Array): PreparedImage {
    const r = new ByteReader(data)
    return {
      totalBytes: r.u32(),
      arenaAddress: r.u32(),
      arenaBytes: r.u32(),
      inputAddress: r.u32(),
      inputBytes: r.u32(),
      outputAddress: r.u32(),
      outputCount: r.u32(),
      layerCount: r.u16()
    }
  },
  spent(data: Uint8Array): Spent {
    const r = new ByteReader(data)
    return { cycles: r.u64(), instructions: r.u64() }
  },
  bench(data: Uint8Array, counters: BoardInfo['counters']): BenchResult {
    const r = new ByteReader(data)
    const result: BenchResult = { repetitions: r.u16(), checksum: r.u32(), cycles: [], instructions: [] }
    while (r.left >= 8) {
      const [cycles, instructions] = [r.u32(), r.u32()]
      if (counters.cycles) result.cycles.push(cycles)
      if (counters.instructions) result.instructions.push(instructions)
    }
    return result
  },
  call(data: Uint8Array): Spent & { returned: number } {
    const r = new ByteReader(data)
    return { returned: r.u32(), cycles: r.u64(), instructions: r.u64() }
  },
  counters(data: Uint8Array): LayerCounters[] {
    const r = new ByteReader(data)
    const layers: LayerCounters[] = []
    while (r.left >= 20) layers.push({ cycles: r.u64(), instructions: r.u64(), runs: r.u32() })
    return layers
  },
  tensor(data: Uint8Array): { address: number; sizeBytes: number } {
    const r = new ByteReader(data)
    return { address: r.u32(), sizeBytes: r.u32() }
  },
  event(payload: Uint8Array): BoardEvent {
    const kind = payload[0]
    if (kind === 1 && payload.length >= 9) {
      const r = new ByteReader(payload.subarray(1))
      return { kind: 'progress', done: r.u32(), total: r.u32() }
    }
    return { kind: kind === 2 ? 'trap' : 'unknown', done: 0, total: 0 }
  }
}
