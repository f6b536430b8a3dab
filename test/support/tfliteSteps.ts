import { sizeOf } from '@core/model/graph'
import type { TfliteDraft } from './tfliteDraft'

/**
 * One operator of random form behind a tensor; returns the tensor behind it, or null where the tensor does not suit. Values with
 * the result of the interpreter in plain numbers only: no operator divides by 0 or takes the root of a negative number.
 */
export type TfliteStep = (draft: TfliteDraft, x: number) => number | null

const isImage = (draft: TfliteDraft, x: number): boolean => draft.dims(x).length === 4
/** Length of an axis behind a window of `taps` (SAME = 0, VALID = 1). */
const windowed = (length: number, taps: number, stride: number, padding: number): number =>
  padding === 0 ? Math.ceil(length / stride) : Math.floor((length - taps) / stride) + 1

interface Window {
  readonly padding: number
  readonly taps: readonly [number, number]
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  /** Height and width behind it. */
  readonly sides: readonly [number, number]
}

function windowOf(draft: TfliteDraft, x: number, mayDilate: boolean): Window | null {
  const [, height, width] = draft.dims(x) as [number, number, number]
  const padding = draft.side(0, 1)
  const taps = [draft.side(1, 4), draft.side(1, 4)] as const
  const strides = [draft.side(1, 3), draft.side(1, 3)] as const
  const isDilated = mayDilate && strides[0] === 1 && strides[1] === 1 && draft.chance(0.5)
  const dilations = isDilated ? ([draft.side(1, 2), draft.side(1, 2)] as const) : ([1, 1] as const)
  const reach = taps.map((length, at) => (length - 1) * dilations[at]! + 1)
  if (padding === 1 && (reach[0]! > height || reach[1]! > width)) return null
  const sides = [height, width].map((length, at) => windowed(length, reach[at]!, strides[at]!, padding))
  return { padding, taps, strides, dilations, sides: [sides[0]!, sides[1]!] }
}

const strideOptions = ({ padding, strides }: Window) => ({
  padding,
  strideH: strides[0],
  strideW: strides[1]
})

const convolution: TfliteStep = (draft, x) => {
  const window = isImage(draft, x) ? windowOf(draft, x, true) : null
  if (window === null) return null
  const channels = draft.dims(x)[3]!
  const outputs = draft.side(1, 5)
  const filter = draft.floats([outputs, ...window.taps, channels])
  return draft.add('CONV_2D', [x, filter, draft.floats([outputs])], [1, ...window.sides, outputs], {
    ...strideOptions(window),
    dilationH: window.dilations[0],
    dilationW: window.dilations[1],
    activation: draft.activation()
  })
}

const depthwise: TfliteStep = (draft, x) => {
  const window = isImage(draft, x) ? windowOf(draft, x, true) : null
  if (window === null) return null
  const multiplier = draft.side(1, 2)
  const outputs = draft.dims(x)[3]! * multiplier
  const filter = draft.floats([1, ...window.taps, outputs])
  // The optimised kernels take equal strides alone.
  const stride = window.strides[0]
  const [, height, width] = draft.dims(x) as [number, number, number]
  const reach = window.taps.map((taps, at) => (taps - 1) * window.dilations[at]! + 1)
  const sides = [height, width].map((length, at) => windowed(length, reach[at]!, stride, window.padding))
  return draft.add('DEPTHWISE_CONV_2D', [x, filter, draft.floats([outputs])], [1, ...sides, outputs], {
    ...{ padding: window.padding, strideH: stride, strideW: stride, multiplier },
    dilationH: window.dilations[0],
    dilationW: window.dilations[1],
    activation: draft.activation()
  })
}

/** A dilated convolution as TensorFlow writes it: the phases of the dilation as items, a plain convolution, and back. */
const spreadConvolution: TfliteStep = (draft, x) => {
  if (!isImage(draft, x)) return null
  const [, height, width, channels] = draft.dims(x) as [number, number, number, number]
  const block = [draft.side(1, 3), draft.side(1, 3)]
  const taps = [draft.side(1, 3), draft.side(1, 3)]
  const before = [draft.side(0, 2), draft.side(0, 2)]
  // Enough behind for whole blocks; what is more than the layer asks for is cropped away again, in part.
  const crops = [height, width].map(
    (side, at) => (block[at]! - ((side + before[at]!) % block[at]!)) % block[at]!
  )
  const sides = [height, width].map((side, at) => (side + before[at]! + crops[at]!) / block[at]!)
  if (sides.some((side, at) => side < taps[at]!)) return null
  const outputs = draft.side(1, 4)
  const list = draft.ints(block)
  const pads = draft.ints([before[0]!, crops[0]!, before[1]!, crops[1]!], [2, 2])
  const spread = draft.add('SPACE_TO_BATCH_ND', [x, list, pads], [block[0]! * block[1]!, ...sides, channels])
  const inner = sides.map((side, at) => side - taps[at]! + 1)
  const weights = draft.floats([outputs, ...taps, channels])
  const options = {
    padding: 1,
    strideH: 1,
    strideW: 1,
    dilationH: 1,
    dilationW: 1,
    activation: draft.activation()
  }
  const layer = draft.add(
    'CONV_2D',
    [spread, weights, draft.floats([outputs])],
    [block[0]! * block[1]!, ...inner, outputs],
    options
  )
  const cut = crops.map((crop) => draft.side(0, crop))
  if (inner.some((side, at) => side * block[at]! <= cut[at]!)) cut.fill(0)
  const dims = inner.map((side, at) => side * block[at]! - cut[at]!)
  const back = draft.ints([0, cut[0]!, 0, cut[1]!], [2, 2])
  return draft.add('BATCH_TO_SPACE_ND', [layer, list, back], [1, ...dims, outputs])
}

const transposedConvolution: TfliteStep = (draft, x) => {
  if (!isImage(draft, x)) return null
  const [, height, width, channels] = draft.dims(x) as [number, number, number, number]
  const [padding, outputs, stride] = [draft.side(0, 1), draft.side(1, 4), draft.side(1, 2)]
  const taps = [draft.side(stride, 4), draft.side(stride, 4)]
  const sides = [height, width].map((length, at) =>
    padding === 0 ? length * stride : (length - 1) * stride + taps[at]!
  )
  const dims = [1, ...sides, outputs]
  const filter = draft.floats([outputs, ...taps, channels])
  return draft.add('TRANSPOSE_CONV', [draft.ints(dims), filter, x, draft.floats([outputs])], dims, {
    ...{ padding, strideH: stride, strideW: stride, activation: 0 }
  })
}

const pool =
  (name: string): TfliteStep =>
  (draft, x) => {
    const window = isImage(draft, x) ? windowOf(draft, x, false) : null
    if (window === null) return null
    const [filterH, filterW] = window.taps
    return draft.add(name, [x], [1, ...window.sides, draft.dims(x)[3]!], {
      ...strideOptions(window),
      ...{ filterH, filterW, activation: draft.activation() }
    })
  }

const spaceToDepth: TfliteStep = (draft, x) => {
  const [batch, height, width, channels] = draft.dims(x) as [number, number, number, number]
  if (!isImage(draft, x) || height % 2 !== 0 || width % 2 !== 0) return null
  return draft.add('SPACE_TO_DEPTH', [x], [batch, height / 2, width / 2, 4 * channels], { block: 2 })
}

const depthToSpace: TfliteStep = (draft, x) => {
  const [batch, height, width, channels] = draft.dims(x) as [number, number, number, number]
  if (!isImage(draft, x) || channels % 4 !== 0) return null
  return draft.add('DEPTH_TO_SPACE', [x], [batch, 2 * height, 2 * width, channels / 4], { block: 2 })
}

const resize =
  (name: string): TfliteStep =>
  (draft, x) => {
    if (!isImage(draft, x)) return null
    const [batch, , , channels] = draft.dims(x) as [number, number, number, number]
    const sides = [draft.side(1, 9), draft.side(1, 9)]
    const mode = draft.side(0, 2)
    return draft.add(name, [x, draft.ints(sides)], [batch, ...sides, channels], {
      ...{ alignCorners: mode === 1, halfPixel: mode === 2 }
    })
  }

const localResponse: TfliteStep = (draft, x) =>
  isImage(draft, x)
    ? draft.add('LOCAL_RESPONSE_NORMALIZATION', [x], draft.dims(x), {
        ...{ radius: draft.side(1, 3), bias: 1 + draft.random.next(), alpha: draft.random.next() },
        beta: 0.5 + draft.random.next()
      })
    : null

const fullyConnected: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  const inner = dims.at(-1)!
  const outputs = draft.side(1, 6)
  const keepDims = dims.length > 2 && draft.chance(0.5)
  const rows = sizeOf(dims) / inner
  const shape = keepDims ? [...dims.slice(0, -1), outputs] : [rows, outputs]
  const inputs = [x, draft.floats([outputs, inner]), ...(draft.chance(0.7) ? [draft.floats([outputs])] : [])]
  return draft.add('FULLY_CONNECTED', inputs, shape, { activation: draft.activation(), keepDims })
}

const batchProduct: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  if (dims.length < 3) return null
  const outputs = draft.side(1, 5)
  const [rows, inner] = dims.slice(-2) as [number, number]
  const turnsRight = draft.chance(0.5)
  const right = turnsRight ? [outputs, inner] : [inner, outputs]
  const constant = draft.floats([...dims.slice(0, -2), ...right])
  const options = { turnsLeft: false, turnsRight }
  return draft.add('BATCH_MATMUL', [x, constant], [...dims.slice(0, -2), rows, outputs], options)
}

/** Steps whose arithmetic is that of a layer: windows, products, resizing. */
export const layerSteps: Readonly<Record<string, TfliteStep>> = {
  CONV_2D: convolution,
  DEPTHWISE_CONV_2D: depthwise,
  BATCH_TO_SPACE_ND: spreadConvolution,
  TRANSPOSE_CONV: transposedConvolution,
  AVERAGE_POOL_2D: pool('AVERAGE_POOL_2D'),
  MAX_POOL_2D: pool('MAX_POOL_2D'),
  SPACE_TO_DEPTH: spaceToDepth,
  DEPTH_TO_SPACE: depthToSpace,
  RESIZE_BILINEAR: resize('RESIZE_BILINEAR'),
  RESIZE_NEAREST_NEIGHBOR: resize('RESIZE_NEAREST_NEIGHBOR'),
  LOCAL_RESPONSE_NORMALIZATION: localResponse,
  FULLY_CONNECTED: fullyConnected,
  BATCH_MATMUL: batchProduct
}
