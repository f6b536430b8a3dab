import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { gatherCodes, gatherReals, tapPositions } from '@core/quant/integer/im2col'
import * as kernels from '@core/quant/integer/integerKernels'
import * as operators from '@core/quant/integer/integerOperators'
import { joinLoops, maxLoops, moveLoops } from '@core/quant/integer/moveLoops'
import { bestFormat, createHistogram, histogramOf } from '@core/quant/quantize/activationRange'
import { multiplyReals } from '@core/quant/runFloat'
import type { MoveLoops } from '@core/quant/quantizedNetwork'
import type { Bits } from '@core/quant/scheme'

/** Integer operators against docs/arithmetic.md in numbers of any size, written without the code under test. */
const random = createRandom(6203)
const codes = (count: number, low = -128, high = 127): Int8Array =>
  Int8Array.from({ length: count }, () => low + random.integer(high - low + 1))
const bitsOf = (): Bits => [1, 2, 4, 8][random.integer(4)] as Bits
/** floor(x / y) for y > 0. */
const floorDiv = (x: bigint, y: bigint): bigint => (x >= 0n ? x / y : -((-x + y - 1n) / y))
/** Round half up of value x mult / 2^shift, to a code: one bit is decided on 256ths of the scale. */
function codeOf(
  value: bigint,
  mult: number,
  shift: number,
  out: { bits: Bits; zero: number; relu: boolean }
): number {
  let rounded = floorDiv(value * BigInt(mult) * 2n + 2n ** BigInt(shift), 2n ** BigInt(shift + 1))
  if (out.relu && rounded < 0n) rounded = 0n
  if (out.bits === 1) return rounded > BigInt(256 * out.zero) ? 1 : -1
  const [low, high] = [-(2 ** (out.bits - 1)), 2 ** (out.bits - 1) - 1]
  return Math.max(low, Math.min(high, Number(rounded) - out.zero))
}
const draw = () => ({ bits: bitsOf(), zero: random.integer(2) * 2, relu: random.integer(2) === 1 })
const base = (out: ReturnType<typeof draw>, zero = 0) => ({
  ...{
    outBits: out.bits,
    outZero: out.zero,
    relu: out.relu,
    input: { bits: 8, scale: 1, zero },
    outShape: null
  }
})
const mults = (count: number) => Int32Array.from({ length: count }, () => 2 ** 20 + random.integer(2 ** 20))
const shifts = (count: number, from: number) =>
  Uint8Array.from({ length: count }, () => from + random.integer(6))
const rounds = Array.from({ length: 25 }, (_, at) => at)

describe('integer operators', () => {
  it('multiply codes by weights, four columns at once or fewer', () => {
    for (const outputs of [1, 3, 4, 5, 9]) {
      const [rows, inner] = [3, 7]
      const [a, w] = [codes(rows * inner), codes(outputs * inner)]
      const sums = new Int32Array(rows * outputs)
      kernels.multiplyCodes(a, w, rows, outputs, inner, sums)
      const reals = new Float32Array(rows * outputs)
      const bias = Float32Array.from({ length: outputs }, (_, at) => at - 2)
      multiplyReals(Float32Array.from(a), Float32Array.from(w), bias, rows, outputs, inner, reals)
      for (let row = 0; row < rows; row++) {
        for (let out = 0; out < outputs; out++) {
          let sum = 0
          for (let k = 0; k < inner; k++) sum += a[row * inner + k]! * w[out * inner + k]!
          expect(sums[row * outputs + out]).toBe(sum)
          expect(reals[row * outputs + out]).toBe(sum + out - 2)
        }
      }
    }
  })

  it('multiply by channel, and add a bias that wraps', () => {
    const [pixels, taps, channels] = [2, 3, 5]
    const [a, w] = [codes(pixels * taps * channels), codes(taps * channels)]
    const sums = new Int32Array(pixels * channels).fill(77)
    kernels.multiplyDepthwise(a, w, pixels, taps, channels, sums)
    const expected = Array.from(sums, (_, at) => {
      const [pixel, channel] = [Math.floor(at / channels), at % channels]
      return Array.from(
        { length: taps },
        (__, tap) => a[(pixel * taps + tap) * channels + channel]! * w[tap * channels + channel]!
      ).reduce((x, y) => x + y, 0)
    })
    expect(Array.from(sums)).toEqual(expected)
    kernels.addBias(sums, Int32Array.of(1, -2, 3, 0, 2 ** 31 - 1))
    expect(Array.from(sums)).toEqual(
      expected.map((sum, at) =>
        Number(BigInt.asIntN(32, BigInt(sum) + BigInt([1, -2, 3, 0, 2 ** 31 - 1][at % channels]!)))
      )
    )
  })

  it.each(rounds)('requantize sums by channel (%i)', () => {
    const [pixels, channels, out] = [5, 3, draw()]
    const sums = Int32Array.from({ length: pixels * channels }, () => random.integer(20_001) - 10_000)
    const [mult, shift, found] = [mults(channels), shifts(channels, 26), new Int8Array(pixels * channels)]
    kernels.requantizeSums(
      sums,
      pixels,
      channels,
      { mult, shift, outBits: out.bits, outZero: out.zero, relu: out.relu },
      found
    )
    expect(Array.from(found)).toEqual(
      Array.from(sums, (sum, at) => codeOf(BigInt(sum), mult[at % channels]!, shift[at % channels]!, out))
    )
  })

  it.each(rounds)('pool windows that hang over the edge (%i)', () => {
    const [height, width, channels] = [3 + random.integer(3), 2 + random.integer(4), 1 + random.integer(3)]
    const kernel = [1 + random.integer(3), 1 + random.integer(2)] as const
    const stride = [1 + random.integer(2), 1 + random.integer(3)] as const
    const pad = [random.integer(kernel[0]), random.integer(kernel[1]), 0, 0] as const
    const outHeight = Math.floor((height + pad[0] - kernel[0]) / stride[0]) + 1
    const outWidth = Math.floor((width + pad[1] - kernel[1]) / stride[1]) + 1
    const [input, zero, out] = [codes(height * width * channels), random.integer(129), draw()]
    const many = random.integer(2) === 1
    const [mult, shift] = [mults(many ? 6 : 1), shifts(many ? 6 : 1, 19)]
    const shape = { inputShape: [height, width, channels], outputShape: [outHeight, outWidth, channels] }
    const layer = { ...base(out, zero), ...shape, kernel, stride, pad, mult, shift } as never
    const [largest, mean] = [
      new Int8Array(outHeight * outWidth * channels),
      new Int8Array(outHeight * outWidth * channels)
    ]
    kernels.maxPool(layer, input, largest)
    kernels.avgPool(layer, input, mean)
    const positions = tapPositions(
      [height, width, channels],
      { kernel, stride, pad } as never,
      outHeight,
      outWidth
    )
    const padded = new Int8Array(positions.length)
    gatherCodes(input, positions, -7, padded)
    const real = new Float32Array(positions.length)
    gatherReals(Float32Array.from(input), positions, 0.5, real)
    for (let at = 0; at < largest.length; at++) {
      const [pixel, c] = [Math.floor(at / channels), at % channels]
      const [oy, ox] = [Math.floor(pixel / outWidth), pixel % outWidth]
      const seen: number[] = []
      for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
        const y = oy * stride[0] - pad[0] + Math.floor(tap / kernel[1])
        const x = ox * stride[1] - pad[1] + (tap % kernel[1])
        const inside = y >= 0 && y < height && x >= 0 && x < width
        const code = input[(y * width + x) * channels + c]!
        if (inside) seen.push(code)
        const place = (pixel * kernel[0] * kernel[1] + tap) * channels + c
        expect([padded[place], real[place]]).toEqual(inside ? [code, code] : [-7, 0.5])
      }
      expect(largest[at]).toBe(Math.max(...seen))
      const sum = seen.reduce((all, code) => all + code + zero, 0)
      const entry = many ? seen.length - 1 : 0
      expect(mean[at]).toBe(codeOf(BigInt(sum), mult[entry]!, shift[entry]!, out))
    }
  })

  it('take dilated taps', () => {
    // 1 x 5 pixels, two taps three apart, padded by one on the left: (-1, 2), (0, 3), (1, 4).
    const window = { kernel: [1, 2], stride: [1, 1], pad: [0, 1, 0, 0], dilation: [1, 3] } as never
    expect(Array.from(tapPositions([1, 5, 1], window, 1, 3))).toEqual([-1, 2, 0, 3, 1, 4])
  })

  it.each(rounds)('add, multiply, rescale and look up codes (%i)', () => {
    const [out, zeroA, zeroB] = [draw(), random.integer(129), random.integer(129)]
    const [mult, shift] = [Int32Array.from([random.integer(2 ** 20), random.integer(2 ** 20)]), shifts(1, 19)]
    const [a, b, found] = [codes(12), codes(12), new Int8Array(12)]
    const layer = {
      ...base(out, zeroA),
      inputB: { bits: 8, scale: 1, zero: zeroB },
      outputShape: [1, 1, 12],
      mult,
      shift
    }
    kernels.add(layer as never, a, b, found)
    const sumOf = (x: number, y: number, sign: number) =>
      codeOf(BigInt((x + zeroA) * mult[0]! + sign * (y + zeroB) * mult[1]!), 1, shift[0]!, out)
    expect(Array.from(found)).toEqual(Array.from(a, (x, at) => sumOf(x, b[at]!, 1)))
    kernels.requantizeCodes(layer as never, a, found)
    expect(Array.from(found)).toEqual(
      Array.from(a, (x) => codeOf(BigInt(x + zeroA), mult[0]!, shift[0]!, out))
    )
    // 3 x 4 with a row of four and a column of three.
    const loops = { counts: [3, 4], stridesA: [4, 1], stridesB: [1, 0] }
    for (const name of ['add', 'sub', 'mul'] as const) {
      operators.binary({ ...layer, ...loops, function: name } as never, a, b, found)
      const expected = Array.from(a, (x, at) => {
        const y = b[Math.floor(at / 4)]!
        if (name !== 'mul') return sumOf(x, y, name === 'add' ? 1 : -1)
        return codeOf(BigInt((x + zeroA) * (y + zeroB)), mult[0]!, shift[0]!, out)
      })
      expect(Array.from(found)).toEqual(expected)
    }
    const tables = codes(512)
    operators.lookUp({ tables } as never, a, found)
    expect(Array.from(found)).toEqual(Array.from(a, (x, at) => tables[(at % 2) * 256 + x + 128]))
  })

  it.each(rounds)('multiply matrices of any strides (%i)', () => {
    const [rows, columns, inner, out] = [2, 3, 4, draw()]
    const [zeroA, zeroB] = [random.integer(129), random.integer(129)]
    const [mult, shift] = [mults(1), shifts(1, 30)]
    const turned = random.integer(2) === 1
    // b as inner x columns or columns x inner; the result as columns x rows.
    const strides = { a: [inner, 1], b: turned ? [1, inner] : [columns, 1], out: [1, rows] }
    const batches = [
      { a: 0, b: 0, out: 0 },
      { a: 8, b: 12, out: 6 }
    ]
    const [a, b, found] = [codes(16), codes(24), new Int8Array(12)]
    const layer = {
      ...base(out, zeroA),
      inputB: { zero: zeroB },
      rows,
      columns,
      inner,
      batches,
      ...strides,
      mult,
      shift
    }
    operators.runProduct(layer as never, a, b, found)
    for (const [batch, at] of [0, 1].map((one) => [one, one * 6] as const)) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          let sum = 0
          for (let k = 0; k < inner; k++)
            sum +=
              (a[batch * 8 + row * inner + k]! + zeroA) *
              (b[batch * 12 + (turned ? column * inner + k : k * columns + column)]! + zeroB)
          expect(found[at + column * rows + row]).toBe(codeOf(BigInt(sum), mult[0]!, shift[0]!, out))
        }
      }
    }
  })

  it.each(rounds)('reduce and normalise along the middle axis (%i)', () => {
    const [outer, count, inner, zero, out] = [2, 3, 2, random.integer(129), { ...draw(), bits: 8 as Bits }]
    const [mult, shift] = [mults(1), shifts(1, 20)]
    const input = codes(12)
    const along = (row: number): number[] =>
      [0, 1, 2].map((k) => input[Math.floor(row / inner) * count * inner + k * inner + (row % inner)]!)
    const layer = { ...base(out, zero), loops: { outer, count, inner }, mult, shift }
    const found = new Int8Array(4)
    operators.reduce({ ...layer, function: 'max' } as never, input, found)
    expect(Array.from(found)).toEqual([0, 1, 2, 3].map((row) => Math.max(...along(row))))
    operators.reduce({ ...layer, function: 'sum' } as never, input, found)
    expect(Array.from(found)).toEqual(
      [0, 1, 2, 3].map((row) =>
        codeOf(BigInt(along(row).reduce((s, code) => s + code + zero, 0)), mult[0]!, shift[0]!, out)
      )
    )
    // Softmax in units of 1/levels, rounded to the nearest; exponents as docs/arithmetic.md defines them.
    const exponents = Int32Array.from({ length: 256 }, (_, d) => Math.round(2 ** 15 * Math.exp(-d / 16)))
    const shares = new Int8Array(12)
    const plain = {
      ...base({ bits: 8, zero: 128, relu: false }),
      loops: { outer, count, inner },
      levels: 255,
      exponents
    }
    operators.softmax(plain as never, input, shares)
    for (let row = 0; row < 4; row++) {
      const own = along(row)
      const parts = own.map((code) => BigInt(exponents[Math.max(...own) - code]!))
      const all = parts.reduce((x, y) => x + y, 0n)
      for (const [k, part] of parts.entries()) {
        const at = Math.floor(row / inner) * count * inner + k * inner + (row % inner)
        expect(shares[at]).toBe(Math.min(127, Number((part * 255n + all / 2n) / all) - 128))
      }
    }
  })

  it.each(rounds)('normalise rows by their mean and deviation, or by their root mean square (%i)', () => {
    const [count, zero, out] = [5, random.integer(129), { ...draw(), bits: 8 as Bits }]
    const input = codes(2 * count)
    const weights = mults(count).map((mult) => mult >> 10)
    const added = Int32Array.from({ length: count }, () => random.integer(2 ** 12) - 2 ** 11)
    for (const centred of [true, false]) {
      const [epsilon, shift] = [1 + random.integer(1000), 16]
      const loops = { outer: 2, count, inner: 1 }
      const own = { loops, centred, epsilon, mult: weights, add: added, shift: Uint8Array.of(shift) }
      const found = new Int8Array(2 * count)
      operators.normalize({ ...base(out, zero), ...own } as never, input, found)
      for (const row of [0, 1]) {
        const values = Array.from(input.subarray(row * count, (row + 1) * count), (code) =>
          BigInt(code + zero)
        )
        const sum = centred ? values.reduce((all, value) => all + value, 0n) : 0n
        let square =
          BigInt(count) * values.reduce((all, value) => all + value * value, 0n) - sum * sum + BigInt(epsilon)
        let doublings = 0n
        for (; square < 1n << 60n; doublings++) square *= 4n
        // The root rounded down, from above.
        let root = BigInt(Math.ceil(Math.sqrt(Number(square)))) + 2n
        while (root * root > square) root--
        for (const [k, value] of values.entries()) {
          // 12 bits behind the point, rounded towards zero as BigInt division does.
          const normal = ((BigInt(count) * value - sum) << (doublings + 12n)) / root
          const expected = codeOf(normal * BigInt(weights[k]!) + BigInt(added[k]!) * 4096n, 1, shift, out)
          expect(found[row * count + k]).toBe(expected)
        }
      }
    }
  })

  it.each([0, 1, 2, 3, 100, 2 ** 31, 2 ** 52 - 1])('take the root of %i exactly', (value) => {
    const { root, doublings } = operators.scaledRoot(value)
    const scaled = BigInt(value) * 4n ** BigInt(doublings)
    if (value === 0) return expect([root, doublings]).toEqual([0, 0])
    expect(BigInt(root) ** 2n <= scaled && (BigInt(root) + 1n) ** 2n > scaled).toBe(true)
    // As many doublings as it takes to reach 2^60, and no more.
    expect([scaled >= 2n ** 60n, scaled / 4n < 2n ** 60n]).toEqual([true, true])
  })
})

describe('lists of copies', () => {
  const expanded = ({ counts, inStrides, outStrides, inOffset, outOffset }: MoveLoops): [number, number][] =>
    counts.reduce<[number, number][]>(
      (all, count, at) =>
        all.flatMap(([to, from]) =>
          Array.from({ length: count }, (_, step): [number, number] => [
            to + step * outStrides[at]!,
            from + step * inStrides[at]!
          ])
        ),
      [[outOffset, inOffset]]
    )

  it.each(rounds)('become counts that list the same copies (%i)', () => {
    const counts = Array.from({ length: 1 + random.integer(4) }, () => 2 + random.integer(3))
    const [ins, outs] = [0, 0].map(() => counts.map(() => 1 + random.integer(40)))
    const list = expanded({ counts, inStrides: ins!, outStrides: outs!, inOffset: 5, outOffset: 3 })
    const found = moveLoops(
      Int32Array.from(list, ([to]) => to),
      Int32Array.from(list, ([, from]) => from)
    )
    expect(found).not.toBeNull()
    expect(expanded(found!)).toEqual(list)
    expect(found!.counts.length).toBeLessThanOrEqual(maxLoops)
    const input = codes(1000)
    const written = new Int8Array(1000).fill(9)
    operators.move({ loops: found!, fill: 4 } as never, input, null, written)
    expect(
      list.every(
        ([to, from]) => written[to] === input[from] || list.filter(([other]) => other === to).length > 1
      )
    ).toBe(true)
    const touched = new Set(list.map(([to]) => to))
    expect(Array.from(written.keys()).every((at) => touched.has(at) || written[at] === 4)).toBe(true)
  })

  it('are one count where the steps are equal, none where nothing repeats', () => {
    expect(moveLoops(Int32Array.of(0, 1, 2, 3), Int32Array.of(8, 6, 4, 2))).toEqual({
      ...{ counts: [4], inStrides: [-2], outStrides: [1], inOffset: 8, outOffset: 0 }
    })
    expect(moveLoops(Int32Array.of(7), Int32Array.of(2))).toEqual({
      ...{ counts: [], inStrides: [], outStrides: [], inOffset: 2, outOffset: 7 }
    })
    expect(moveLoops(new Int32Array(0), new Int32Array(0))).toBeNull()
    // Steps 1, 2, 4, 8 of five copies: no block divides them.
    expect(moveLoops(Int32Array.of(0, 1, 3, 7, 15), Int32Array.of(0, 1, 2, 3, 4))).toBeNull()
    // Two blocks of two, the second with another step.
    expect(moveLoops(Int32Array.of(0, 1, 4, 6), Int32Array.of(0, 1, 2, 3))).toBeNull()
  })

  it('six counts deep are the most', () => {
    const deep = (depth: number) => {
      const size = 2 ** depth
      const ins = Int32Array.from({ length: size }, (_, at) => at)
      // Every bit of the place has a weight of its own that no neighbour continues.
      const outs = ins.map((at) =>
        Array.from({ length: depth }, (_, bit) => ((at >> bit) & 1) * 3 ** bit).reduce((x, y) => x + y, 0)
      )
      return moveLoops(outs, ins)
    }
    expect(deep(6)!.counts).toEqual([2, 2, 2, 2, 2, 2])
    expect(deep(7)).toBeNull()
  })

  it('are joined where both operands go on; counts of one fall away', () => {
    expect(joinLoops([2, 3, 4], [12, 4, 1], [12, 4, 1])).toEqual({ counts: [24], a: [1], b: [1] })
    expect(joinLoops([2, 3, 4], [12, 4, 1], [0, 4, 1])).toEqual({ counts: [2, 12], a: [12, 1], b: [0, 1] })
    expect(joinLoops([2, 1, 4], [4, 99, 1], [0, 99, 1])).toEqual({ counts: [2, 4], a: [4, 1], b: [0, 1] })
    expect(joinLoops([5, 1], [1, 7], [1, 7])).toEqual({ counts: [5], a: [1], b: [1] })
    expect(joinLoops([1], [1], [1])).toEqual({ counts: [], a: [], b: [] })
  })
})

describe('the histogram of activations', () => {
  it('counts every value once, in its bin, however it grew', () => {
    const builder = createHistogram()
    const batches = [
      [0.1, 0.5, -0.25],
      [3, 0.1],
      [0, 0],
      [-100, 7]
    ].map((batch) => Float32Array.from(batch))
    for (const batch of batches) builder.add(batch)
    const { counts, width, largest, isSigned } = builder.histogram()
    expect([largest, isSigned, counts.length]).toEqual([100, true, 4096])
    expect(100).toBeLessThan(width * 4096)
    expect(width * 2048).toBeLessThanOrEqual(100)
    const expected = new Float64Array(4096)
    for (const value of batches.flatMap((batch) => [...batch]))
      expected[Math.floor(Math.abs(value) / width)]! += 1
    expect(counts).toEqual(expected)
  })

  it('limits values first; zeros alone count in the first bin', () => {
    const builder = createHistogram()
    builder.add(Float32Array.of(-5, 9, 1), 0, 6)
    const limited = builder.histogram()
    expect([limited.largest, limited.isSigned, limited.counts[0], limited.counts[4095]]).toEqual([
      6,
      false,
      1,
      1
    ])
    const zeros = histogramOf(new Float32Array(3))
    expect([zeros.largest, zeros.counts[0]]).toEqual([0, 3])
    expect(bestFormat(zeros, 8)).toEqual({ bits: 8, scale: 1, zero: 128 })
  })

  it.each([2, 4, 8] as const)('gives the scale with the least squared error at %i bits', (bits) => {
    for (const sign of [1, -1]) {
      // Many small values and few large ones.
      const values = Float32Array.from(
        { length: 400 },
        (_, at) => (at % 40 === 0 ? 8 : 1) * random.next() * (at % 2 === 0 ? sign : 1)
      )
      const { scale, zero } = bestFormat(histogramOf(values), bits)
      const [top, largest] = [
        sign < 0 ? 2 ** (bits - 1) - 1 : 2 ** bits - 1,
        Math.max(...values.map(Math.abs))
      ]
      expect(zero).toBe(sign < 0 ? 0 : 2 ** (bits - 1))
      const errorAt = (candidate: number): number =>
        values.reduce((sum, value) => {
          const level = Math.min(top, Math.round(Math.abs(value) / candidate))
          return sum + (Math.abs(value) - level * candidate) ** 2
        }, 0)
      const errors = Array.from({ length: 100 }, (_, at) => errorAt((largest * (at + 1)) / 100 / top))
      // Bins are 1/4096 of the range wide: within a hundredth of the best that the values themselves give.
      expect(errorAt(scale)).toBeLessThanOrEqual(1.01 * Math.min(...errors) + 1e-6)
      const steps = (scale * top * 100) / largest
      expect(steps).toBeCloseTo(Math.round(steps), 6)
    }
  })

  it('one bit: 0 or 2 from a threshold on where nothing is negative, else the mean magnitude', () => {
    expect(bestFormat(histogramOf(Float32Array.of(0, 0, 4, 4)), 1)).toMatchObject({ bits: 1, zero: 1 })
    expect(bestFormat(histogramOf(Float32Array.of(0, 0, 4, 4)), 1).scale).toBeCloseTo(2, 2)
    expect(bestFormat(histogramOf(Float32Array.of(-3, 3, -3, 3)), 1).scale).toBeCloseTo(3, 2)
  })
})
