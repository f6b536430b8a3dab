/** Loads and stores of a core; each throws Rv64Trap where nothing is at the address. */
export interface Rv64Bus {
  load(address: bigint, bytes: 1 | 2 | 4 | 8): bigint
  store(address: bigint, bytes: 1 | 2 | 4 | 8, value: bigint): void
}

/** An exception: its number in mcause, and mtval. */
export class Rv64Trap extends Error {
  constructor(
    readonly number: number,
    readonly value: bigint
  ) {
    super(`trap ${number}`)
  }
}

const signed = (value: bigint): bigint => BigInt.asIntN(64, value)
const word = (value: bigint): bigint => BigInt.asIntN(32, value)
const illegal = (instruction: number): Rv64Trap => new Rv64Trap(2, BigInt(instruction >>> 0))
const csr = {
  mstatus: 0x300,
  misa: 0x301,
  mie: 0x304,
  mtvec: 0x305,
  inhibit: 0x320,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mcycle: 0xb00,
  minstret: 0xb02,
  cycle: 0xc00,
  instret: 0xc02,
  vendor: 0xf11,
  hart: 0xf14
} as const
const writable: ReadonlySet<number> = new Set([
  csr.mstatus,
  csr.mie,
  csr.mtvec,
  csr.inhibit,
  csr.mscratch,
  csr.mepc,
  csr.mcause,
  csr.mtval
])
const counters: ReadonlySet<number> = new Set([csr.mcycle, csr.minstret, csr.cycle, csr.instret])
/** RV64IM, as misa has it. */
const misa = (2n << 62n) | (1n << 8n) | (1n << 12n)

/**
 * RV64IM with machine mode, after the unprivileged and privileged specifications and nothing of the product's own simulator, which
 * is one of 32 bits: what a 64-bit monitor is run on where no emulator has the board's UART. One cycle per instruction.
 */
export class Rv64Core {
  readonly x = new BigInt64Array(32)
  pc: bigint
  executed = 0n
  private readonly csrs = new Map<number, bigint>()

  constructor(
    private readonly bus: Rv64Bus,
    entry: bigint
  ) {
    this.pc = entry
  }

  step(): void {
    try {
      this.execute(Number(this.bus.load(this.pc, 4)) | 0)
    } catch (error) {
      if (!(error instanceof Rv64Trap)) throw error
      this.csrs.set(csr.mcause, BigInt(error.number)).set(csr.mtval, error.value).set(csr.mepc, this.pc)
      this.pc = (this.csrs.get(csr.mtvec) ?? 0n) & ~3n
    }
    this.x[0] = 0n
    this.executed++
  }

  private execute(i: number): void {
    const { x } = this
    const rd = (i >>> 7) & 31
    const f3 = (i >>> 12) & 7
    const [a, b] = [x[(i >>> 15) & 31] ?? 0n, x[(i >>> 20) & 31] ?? 0n]
    const immediate = BigInt(i >> 20)
    let next = this.pc + 4n
    switch (i & 0x7f) {
      case 0x37:
        x[rd] = BigInt(i & ~0xfff)
        break
      case 0x17:
        x[rd] = signed(this.pc + BigInt(i & ~0xfff))
        break
      case 0x6f:
        x[rd] = next
        next = this.pc + jumpOffset(i)
        break
      case 0x67:
        next = BigInt.asUintN(64, a + immediate) & ~1n
        x[rd] = this.pc + 4n
        break
      case 0x63:
        if (branches(i, f3, a, b)) next = this.pc + branchOffset(i)
        break
      case 0x03:
        x[rd] = this.load(i, f3, a + immediate)
        break
      case 0x23:
        if (f3 > 3) throw illegal(i)
        this.bus.store(BigInt.asUintN(64, a + BigInt(((i >> 25) << 5) | rd)), widths[f3]!, b)
        break
      case 0x13:
        x[rd] = arithmetic(i, f3, a, immediate, f3 === 5 && (i >> 30) & 1, 63n)
        break
      case 0x1b:
        x[rd] = narrow(i, f3, a, immediate, f3 === 5 && (i >> 30) & 1)
        break
      case 0x33:
        x[rd] = i >>> 25 === 1 ? wideProduct(f3, a, b) : arithmetic(i, f3, a, b, (i >> 30) & 1, 63n)
        break
      case 0x3b:
        x[rd] = i >>> 25 === 1 ? narrowProduct(i, f3, a, b) : narrow(i, f3, a, b, (i >> 30) & 1)
        break
      case 0x0f:
        break
      case 0x73:
        this.system(i, rd, f3, a)
        break
      default:
        throw illegal(i)
    }
    this.pc = next
  }

  private load(i: number, f3: number, address: bigint): bigint {
    if (f3 === 7) throw illegal(i)
    const bytes = widths[f3 & 3]!
    const value = this.bus.load(BigInt.asUintN(64, address), bytes)
    return f3 >= 4 ? value : BigInt.asIntN(8 * bytes, value)
  }

  private system(i: number, rd: number, f3: number, a: bigint): void {
    if (f3 === 0 || f3 === 4) {
      if (i === 0x10500073) return
      throw i === 0x73 ? new Rv64Trap(11, 0n) : illegal(i)
    }
    const number = i >>> 20
    const old = this.readCsr(i, number)
    const source = (i >>> 15) & 31
    const operand = f3 >= 4 ? BigInt(source) : a
    const kind = f3 & 3
    if (kind === 1 || source !== 0) {
      if (!writable.has(number)) throw illegal(i)
      this.csrs.set(number, kind === 1 ? operand : kind === 2 ? old | operand : old & ~operand)
    }
    this.x[rd] = old
  }

  private readCsr(i: number, number: number): bigint {
    if (counters.has(number)) return this.executed
    if (number === csr.misa) return signed(misa)
    if (writable.has(number)) return this.csrs.get(number) ?? 0n
    // Vendor, architecture, implementation: a core without an identity, as LiteX's are.
    if (number >= csr.vendor && number <= csr.hart) return 0n
    throw illegal(i)
  }
}

const widths = [1, 2, 4, 8] as const

function jumpOffset(i: number): bigint {
  return BigInt(((i >> 31) << 20) | (i & 0xff000) | (((i >>> 20) & 1) << 11) | (((i >>> 21) & 0x3ff) << 1))
}

function branchOffset(i: number): bigint {
  return BigInt(
    ((i >> 31) << 12) | (((i >>> 7) & 1) << 11) | (((i >>> 25) & 0x3f) << 5) | (((i >>> 8) & 15) << 1)
  )
}

function branches(i: number, f3: number, a: bigint, b: bigint): boolean {
  const isLess = f3 >= 6 ? BigInt.asUintN(64, a) < BigInt.asUintN(64, b) : a < b
  switch (f3 & 6) {
    case 0:
      return (a === b) !== ((f3 & 1) === 1)
    case 2:
      throw illegal(i)
    default:
      return isLess !== ((f3 & 1) === 1)
  }
}

function arithmetic(
  i: number,
  f3: number,
  a: bigint,
  b: bigint,
  other: number | false,
  mask: bigint
): bigint {
  switch (f3) {
    case 0:
      return signed((i & 0x20) !== 0 && other ? a - b : a + b)
    case 1:
      // Immediate forms of Zbb share this place.
      if (i >>> 26 !== 0) throw illegal(i)
      return signed(a << (b & mask))
    case 2:
      return a < b ? 1n : 0n
    case 3:
      return BigInt.asUintN(64, a) < BigInt.asUintN(64, b) ? 1n : 0n
    case 4:
      return a ^ b
    case 5:
      return other ? a >> (b & mask) : signed(BigInt.asUintN(64, a) >> (b & mask))
    case 6:
      return a | b
    default:
      return a & b
  }
}

function narrow(i: number, f3: number, a: bigint, b: bigint, other: number | false): bigint {
  switch (f3) {
    case 0:
      return word((i & 0x20) !== 0 && other ? a - b : a + b)
    case 1:
      return word(a << (b & 31n))
    case 5:
      return other ? word(a) >> (b & 31n) : word(BigInt.asUintN(32, a) >> (b & 31n))
    default:
      throw illegal(i)
  }
}

function wideProduct(f3: number, a: bigint, b: bigint): bigint {
  const [ua, ub] = [BigInt.asUintN(64, a), BigInt.asUintN(64, b)]
  switch (f3) {
    case 0:
      return signed(a * b)
    case 1:
      return signed((a * b) >> 64n)
    case 2:
      return signed((a * ub) >> 64n)
    case 3:
      return signed((ua * ub) >> 64n)
    case 4:
      return b === 0n ? -1n : signed(a / b)
    case 5:
      return ub === 0n ? -1n : signed(ua / ub)
    case 6:
      return b === 0n ? a : signed(a % b)
    default:
      return ub === 0n ? a : signed(ua % ub)
  }
}

function narrowProduct(i: number, f3: number, a: bigint, b: bigint): bigint {
  const [sa, sb, ua, ub] = [word(a), word(b), BigInt.asUintN(32, a), BigInt.asUintN(32, b)]
  switch (f3) {
    case 0:
      return word(sa * sb)
    case 4:
      return sb === 0n ? -1n : word(sa / sb)
    case 5:
      return ub === 0n ? -1n : word(ua / ub)
    case 6:
      return sb === 0n ? sa : word(sa % sb)
    case 7:
      return ub === 0n ? sa : word(ua % ub)
    default:
      throw illegal(i)
  }
}
