import { fitWasm } from './fitWasm'

/** Functions of resources/fitting/fit.c; pointers are byte addresses in its memory. */
interface FitFunctions {
  factorise(matrix: number, size: number): number
  solve(factor: number, size: number, groups: number, values: number, wanted: number): void
  multiply(factor: number, size: number, groups: number, values: number, out: number): void
  roundCodes(
    factor: number,
    size: number,
    groups: number,
    wanted: number,
    scales: number,
    high: number,
    codes: number,
    squares: number
  ): void
  chooseScales(
    values: number,
    weights: number,
    channels: number,
    count: number,
    high: number,
    scales: number
  ): void
  centre(
    bytes: number,
    rows: number,
    taps: number,
    scale: number,
    zero: number,
    reals: number,
    mean: number
  ): void
  fitChannels(
    fits: number,
    channels: number,
    taps: number,
    means: number,
    squares: number,
    cross: number,
    targetMeans: number,
    weights: number,
    rows: number,
    scale: number,
    zero: number,
    ridge: number,
    isRefitted: number,
    lanes: number
  ): void
  roundChannels(
    fits: number,
    channels: number,
    taps: number,
    high: number,
    isScaled: number,
    codes: number,
    scales: number,
    bias: number,
    lanes: number
  ): void
}

interface FitExports extends FitFunctions {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  readonly __heap_base: { readonly value: number }
}

/** What is used of the host; core is compiled without its types. */
declare function atob(base64: string): string
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

/** The compiled loops of fitting with the memory they work in. */
export interface FitKernels {
  readonly run: FitFunctions
  /** Copies a matrix to where factors lie, unless it is the one that lies there. @returns its address */
  placeFactor(rows: Float64Array): number
  /**
   * Factorises the matrix [size][size] that `write` puts into the array it is given.
   * @returns its factor, which lies where factors do; null: there is none
   */
  factor(size: number, write: (matrix: Float64Array) => void): Float64Array | null
  /** Arrays behind the factor, of undefined content; they may be used until the next call of any of these. */
  room(...lengths: readonly number[]): Float64Array<ArrayBuffer>[]
}

let opened: FitKernels | undefined

/** The loops of this thread, compiled with the first call. */
export function fitKernels(): FitKernels {
  return (opened ??= openKernels())
}

const pageBytes = 65536

function openKernels(): FitKernels {
  const bytes = Uint8Array.from(atob(fitWasm), (character) => character.charCodeAt(0))
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  // What the module exports is what fit.c names so.
  const run = instance.exports as FitExports
  const start = Math.ceil(run.__heap_base.value / 16) * 16
  let placed: Float64Array | null = null

  /** Doubles from an address on; memory grows where it has to. */
  function view(address: number, length: number): Float64Array<ArrayBuffer> {
    const missing = address + 8 * length - run.memory.buffer.byteLength
    if (missing > 0) run.memory.grow(Math.ceil(missing / pageBytes))
    return new Float64Array(run.memory.buffer, address, length)
  }

  return {
    run,
    placeFactor(rows) {
      if (placed !== rows) view(start, rows.length).set(rows)
      placed = rows
      return start
    },
    factor(size, write) {
      const rows = view(start, size * size)
      write(rows)
      placed = run.factorise(start, size) === 0 ? null : rows.slice()
      return placed
    },
    room(...lengths) {
      const from = start + 8 * aligned(placed?.length ?? 0)
      const all = lengths.reduce((sum, length) => sum + aligned(length), 0)
      view(from, all)
      let at = from
      return lengths.map((length) => {
        const array = view(at, length)
        at += 8 * aligned(length)
        return array
      })
    }
  }
}

/** Doubles that begin at vectors of two. */
const aligned = (length: number): number => length + (length % 2)
