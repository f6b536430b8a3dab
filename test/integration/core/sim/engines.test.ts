import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '@core/math/random'
import { createMachine } from '@core/sim/createMachine'
import { ramBase, type VirtualMachine } from '@core/sim/machine'
import { corePresets, type MachineConfig } from '@core/sim/boards/presets'
import { compressedWords } from '../../../unit/core/sim/core/goldenWords'
import { snapshot } from '../../../unit/core/sim/testMachine'

/**
 * Random programs: valid instructions of every kind, loops, stores that now and then hit the program itself, traps
 * that a handler skips. Whatever they do, both engines must do the same, to the cycle, under any slicing.
 */
const dataBase = 0x80008000

const encodeR = (f7: number, rs2: number, rs1: number, f3: number, rd: number, opcode: number): number =>
  ((f7 << 25) | (rs2 << 20) | (rs1 << 15) | (f3 << 12) | (rd << 7) | opcode) >>> 0

/** x1..x15, less x8 and x9, which point to data and code. */
function pickRegister(random: Random): number {
  const register = random.integer(16)
  return register === 8 || register === 9 ? 10 : register
}

const encodeBranch = (f3: number, rs1: number, rs2: number, offset: number): number =>
  encodeR(
    (((offset >> 12) & 1) << 6) | ((offset >> 5) & 63),
    rs2,
    rs1,
    f3,
    (offset & 0x1e) | ((offset >> 11) & 1),
    0x63
  )

function randomInstruction(random: Random, index: number, count: number): number {
  const rd = pickRegister(random)
  const rs1 = pickRegister(random)
  const rs2 = pickRegister(random)
  const kind = random.integer(100)
  if (kind < 25)
    return encodeR([0, 0, 0x20, 1, 5, 4, 0x30][random.integer(7)], rs2, rs1, random.integer(8), rd, 0x33)
  if (kind < 45) return encodeR(random.integer(128), random.integer(32), rs1, random.integer(8), rd, 0x13)
  if (kind < 60) {
    // Loads near the data pointer, sometimes misaligned.
    return encodeR(
      random.integer(2),
      random.integer(32) & (random.next() < 0.9 ? 28 : 31),
      8,
      [0, 1, 2, 4, 5][random.integer(5)],
      rd,
      0x03
    )
  }
  if (kind < 72) {
    const pointer = random.next() < 0.04 ? 9 : 8 // rarely into the code
    return encodeR(
      random.integer(2),
      rs2,
      pointer,
      random.integer(3),
      random.integer(32) & (random.next() < 0.9 ? 28 : 31),
      0x23
    )
  }
  if (kind < 88) {
    const distance = random.next() < 0.85 ? 1 + random.integer(12) : -1 - random.integer(12)
    const target = Math.max(0, Math.min(count - 1, index + distance))
    const offset = (target - index) * 4
    if (offset !== 0) return encodeBranch([0, 1, 4, 5, 6, 7][random.integer(6)], rs1, rs2, offset)
  }
  if (kind < 92)
    return ((random.integer(2 ** 20) << 12) | (rd << 7) | (random.next() < 0.5 ? 0x37 : 0x17)) >>> 0
  if (kind < 94) return encodeR([0, 4, 8, 12, 16, 20, 24, 28][random.integer(8)] << 2, rs2, 8, 2, rd, 0x2f)
  if (kind < 96) return ((0xb00 + 2 * random.integer(2)) << 20) | (2 << 12) | (rd << 7) | 0x73 // csrr mcycle, minstret
  if (kind < 97) return 0x0000100f // fence.i
  if (kind < 98) return 0x00000073 // ecall
  // Two compressed instructions side by side: those that neither jump nor touch memory through wild pointers.
  const safe = compressedWords.filter(([text]) =>
    /^c\.(addi|li|lui|srli|srai|andi|sub|xor|or|and|slli|mv|add|nop) /.test(`${text} `)
  )
  const half = (): number => {
    const [text, word] = safe[random.integer(safe.length)]
    return /\b(s0|s1|sp)\b/.test(text) ? 0x0001 : word
  }
  return (half() | (half() << 16)) >>> 0
}

function randomProgram(random: Random): Uint8Array {
  const count = 40 + random.integer(80)
  const handler = 0x800
  const words = new Uint32Array(0x810 / 4).fill(0x13)
  let at = 0
  const emit = (word: number): void => void (words[at++] = word)
  emit(0x00001317) // auipc t1, 1
  emit((0x800 << 20) | (6 << 15) | (6 << 7) | 0x13) // addi t1, t1, -2048: 0x80000800
  emit((0x305 << 20) | (6 << 15) | (1 << 12) | 0x73) // csrw mtvec, t1
  emit(((dataBase & 0xfffff000) | (8 << 7) | 0x37) >>> 0) // lui s0, data
  emit((0x80000000 | (9 << 7) | 0x37) >>> 0) // lui s1, code
  emit((72 << 20) | (9 << 15) | (9 << 7) | 0x13) // addi s1, s1, 72
  const start = at
  for (let index = 0; index < count; index++) emit(randomInstruction(random, index, count))
  const offset = (start - at) * 4
  emit(
    ((((offset >> 20) & 1) << 31) |
      (((offset >> 1) & 0x3ff) << 21) |
      (((offset >> 11) & 1) << 20) |
      (((offset >> 12) & 0xff) << 12) |
      0x6f) >>>
      0
  )
  // Handler: skip the trapping instruction as if it were four bytes long. Uses x31 only.
  words.set([0x34102ff3, 0x004f8f93, 0x341f9073, 0x30200073], handler / 4)
  return new Uint8Array(words.buffer)
}

/**
 * A loop of arithmetic in which a few stores replace other instructions of the loop by ones from a table, a different
 * one in every few rounds, so that code changes while it is hot.
 */
function selfModifyingProgram(random: Random): Uint8Array {
  const length = 24 + random.integer(40)
  const tableOffset = 0x400
  const words = new Uint32Array(0x500 / 4).fill(0x13)
  const arithmetic = (): number => {
    const [rd, rs1, rs2] = [1, 2, 3].map(() => 10 + random.integer(6))
    const multiplies = random.integer(4) === 0
    return encodeR(multiplies ? 1 : 0, rs2, rs1, random.integer(multiplies ? 4 : 8), rd, 0x33)
  }
  const slots = Array.from({ length }, arithmetic)
  const stores = 1 + random.integer(3)
  for (let store = 0; store < stores; store++) {
    // Four instructions in a row somewhere, and the slot they rewrite; a store may hit another store's sequence.
    const at = random.integer(length - 4)
    const target = 8 + 4 * random.integer(length)
    slots.splice(
      at,
      4,
      (((4 * (1 + random.integer(3))) << 20) | (28 << 15) | (28 << 7) | 0x13) >>> 0, // addi t3, t3, 4..12
      ((252 << 20) | (28 << 15) | (7 << 12) | (28 << 7) | 0x13) >>> 0, // andi t3, t3, 252
      encodeR(0, 9, 28, 0, 29, 0x33), // add t4, t3, s1
      0x400eaf03 // lw t5, 0x400(t4)
    )
    slots[(at + 4 + random.integer(length - 4)) % length] = encodeR(target >> 5, 30, 9, 2, target & 31, 0x23)
  }
  words[0] = 0x800004b7 // lui s1, 0x80000
  words.set(slots, 2)
  const back = -4 * slots.length
  words[2 + slots.length] = encodeBranch(0, 0, 0, back)
  for (let entry = 0; entry < 64; entry++) words[tableOffset / 4 + entry] = arithmetic()
  return new Uint8Array(words.buffer)
}

const boards: [MachineConfig, boolean][] = [
  [{ ...corePresets.small, zbb: true }, false],
  [{ ...corePresets.small, zbb: true }, true],
  [{ ...corePresets.mid, zbb: true }, true],
  [{ ...corePresets.high, zbb: true }, true],
  // Tiny two-way caches that miss and write back all the time.
  [
    {
      ...corePresets.high,
      zbb: true,
      cycleModel: {
        ...corePresets.high.cycleModel,
        instructionCache: { sizeBytes: 128, ways: 2, lineBytes: 16, missCycles: 7 },
        dataCache: {
          sizeBytes: 16,
          ways: 2,
          lineBytes: 8,
          missCycles: 11,
          writePolicy: 'back',
          writeBackCycles: 5
        }
      }
    },
    true
  ],
  // Every term that the presets leave at zero, and two levels of caches.
  [
    {
      ...corePresets.mid,
      zbb: true,
      cycleModel: {
        ...corePresets.mid.cycleModel,
        shiftUseStallCycles: 1,
        loadLaterUseStallCycles: 2,
        multiplyLaterUseStallCycles: 3,
        shifter: { form: 'iterative', bitsPerStep: 4, stepCycles: 2 },
        memoryWaitCycles: 1,
        straddleCycles: 2,
        instructionCache: { sizeBytes: 128, ways: 1, lineBytes: 32, missCycles: 7 },
        dataCache: {
          sizeBytes: 64,
          ways: 1,
          lineBytes: 32,
          missCycles: 11,
          writePolicy: 'through',
          writeBackCycles: 0
        },
        secondLevelCache: { sizeBytes: 256, ways: 1, lineBytes: 16, missCycles: 13, writeBackCycles: 5 }
      }
    },
    true
  ]
]

function compare(
  program: Uint8Array,
  board: MachineConfig,
  cycleModel: boolean,
  slices: number[],
  total: number
): void {
  const machines = (['interpreter', 'compiled'] as const).map((engine): VirtualMachine => {
    const machine = createMachine({
      board: { ...board, ramBytes: 1 << 16 },
      engine,
      cycleModel,
      compileAfterJumps: 20
    })
    machine.loadBinary(ramBase, program)
    return machine
  })
  const [one, other] = machines
  let slice = 0
  for (let done = 0; done < total; slice++) {
    const budget = slices[slice % slices.length]
    const results = machines.map((machine) => machine.run(budget))
    // Counters and pc after every slice, everything now and then: expect() costs more than a slice.
    const differs =
      results[0].reason !== results[1].reason ||
      one.pc() !== other.pc() ||
      one.instret() !== other.instret() ||
      one.cycles() !== other.cycles() ||
      one.energyJ() !== other.energyJ()
    if (differs || slice % 64 === 0)
      expect([results[1], snapshot(other)]).toEqual([results[0], snapshot(one)])
    if (results[0].reason !== 'budget') break
    done += budget
  }
  expect(snapshot(other)).toEqual(snapshot(one))
  const [memory, otherMemory] = machines.map((machine) => machine.readMemory(ramBase, 1 << 16))
  expect(otherMemory.findIndex((byte, at) => byte !== memory[at])).toBe(-1)
}

describe('interpreter and compiler', () => {
  it.each(
    boards.map(([board, cycleModel], index) => ({
      name: `${board.name}${cycleModel ? ' timed' : ''} ${index}`,
      board,
      cycleModel
    }))
  )('agree on random programs ($name)', ({ board, cycleModel }) => {
    for (let seed = 0; seed < 16; seed++) {
      const random = createRandom(seed)
      const program = randomProgram(random)
      const slices = [1 + random.integer(40), 1 + random.integer(3000), 1 + random.integer(500)]
      compare(program, board, cycleModel, slices, 15_000)
    }
  })

  it.each(boards)('agree on loops that keep rewriting their own instructions (%o)', (board, cycleModel) => {
    for (let seed = 0; seed < 12; seed++) {
      const random = createRandom(1000 + seed)
      const program = selfModifyingProgram(random)
      compare(program, board, cycleModel, [1 + random.integer(2000), 1 + random.integer(60)], 12_000)
    }
  })

  it('falls back to the interpreter where new Function is forbidden', () => {
    const original = globalThis.Function
    try {
      globalThis.Function = function forbidden() {
        throw new EvalError('Refused to evaluate a string as JavaScript')
      } as unknown as FunctionConstructor
      expect(createMachine({ board: 'small', engine: 'compiled' }).engine).toBe('interpreter')
    } finally {
      globalThis.Function = original
    }
    expect(createMachine({ board: 'small', engine: 'compiled' }).engine).toBe('compiled')
  })
})
