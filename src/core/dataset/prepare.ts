import type { ShapeHwc } from '../kernel/shape'
import { AppError } from '../../shared/errors'
import { sizeOfShape, type ItemValues } from './item'

/** What is done to every item once, when the set is read. */
export interface PictureGeometry {
  /** Order of the axes in the source; HWC puts channels last. */
  readonly layout: 'hwc' | 'chw'
  /** Wanted height and width; null keeps the source's. */
  readonly size: readonly [height: number, width: number] | null
  /** `crop` cuts the middle to the wanted proportions before resizing; `stretch` does not. */
  readonly fit: 'stretch' | 'crop'
  /** One channel: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). */
  readonly grey: boolean
}

/** An item's shape as [height, width, channels]; rank 1 is a vector, rank 2 has one channel. */
export function hwcOf(shape: readonly number[], layout: PictureGeometry['layout']): ShapeHwc {
  if (shape.length === 1) return [1, 1, shape[0]]
  if (shape.length === 2) return [shape[0], shape[1], 1]
  if (shape.length === 3) {
    return layout === 'hwc' ? [shape[0], shape[1], shape[2]] : [shape[1], shape[2], shape[0]]
  }
  return [1, 1, sizeOfShape(shape)]
}

/** An item as the network takes it: values in row-major [height, width, channels]. */
export interface PreparedItem {
  readonly values: ItemValues
  readonly shape: ShapeHwc
}

/** Layout, grey, crop and size, in this order. @throws AppError data.invalid when grey needs colours */
export function prepareItem(
  values: ItemValues,
  shape: readonly number[],
  geometry: PictureGeometry
): PreparedItem {
  let item: PreparedItem = { values, shape: hwcOf(shape, geometry.layout) }
  if (shape.length === 3 && geometry.layout === 'chw')
    item = { ...item, values: toChannelsLast(values, item.shape) }
  if (geometry.grey && item.shape[2] !== 1) item = toGrey(item)
  if (geometry.size === null) return item
  const [height, width] = geometry.size
  if (geometry.fit === 'crop') item = cropMiddle(item, height / width)
  return item.shape[0] === height && item.shape[1] === width ? item : resize(item, height, width)
}

const sameKind = (values: ItemValues, length: number): ItemValues =>
  new (values.constructor as new (length: number) => ItemValues)(length)

/** [channels][pixels] to [pixels][channels]. */
export function toChannelsLast(values: ItemValues, [height, width, channels]: ShapeHwc): ItemValues {
  const plane = height * width
  const out = sameKind(values, values.length)
  for (let at = 0; at < plane; at++)
    for (let channel = 0; channel < channels; channel++)
      out[at * channels + channel] = values[channel * plane + at]
  return out
}

/** [pixels][channels] to [channels][pixels]. */
export function toChannelsFirst<T extends ItemValues>(
  values: T,
  [height, width, channels]: ShapeHwc,
  out: T
): T {
  const plane = height * width
  for (let at = 0; at < plane; at++)
    for (let channel = 0; channel < channels; channel++)
      out[channel * plane + at] = values[at * channels + channel]
  return out
}

function toGrey({ values, shape: [height, width, channels] }: PreparedItem): PreparedItem {
  if (channels !== 3) {
    throw new AppError(
      'data.invalid',
      `${channels} channels cannot be made grey.`,
      'Give pictures of 3 channels.'
    )
  }
  const out = sameKind(values, height * width)
  const round = values instanceof Float32Array ? (value: number): number => value : Math.round
  for (let at = 0; at < out.length; at++) {
    out[at] = round(0.299 * values[3 * at] + 0.587 * values[3 * at + 1] + 0.114 * values[3 * at + 2])
  }
  return { values: out, shape: [height, width, 1] }
}

function cropMiddle({ values, shape: [height, width, channels] }: PreparedItem, ratio: number): PreparedItem {
  const cutHeight = Math.max(1, Math.min(height, Math.round(width * ratio)))
  const cutWidth = Math.max(1, Math.min(width, Math.round(height / ratio)))
  const top = (height - cutHeight) >> 1
  const left = (width - cutWidth) >> 1
  const out = sameKind(values, cutHeight * cutWidth * channels)
  for (let y = 0; y < cutHeight; y++) {
    const from = ((top + y) * width + left) * channels
    out.set(values.subarray(from, from + cutWidth * channels), y * cutWidth * channels)
  }
  return { values: out, shape: [cutHeight, cutWidth, channels] }
}

/** Smaller: mean over the covered area; larger: linear between pixel centres (half-pixel convention). */
export function resize(
  { values, shape: [height, width, channels] }: PreparedItem,
  toHeight: number,
  toWidth: number
): PreparedItem {
  const rows = axisWeights(height, toHeight)
  const columns = axisWeights(width, toWidth)
  const between = new Float32Array(height * toWidth * channels)
  for (let y = 0; y < height; y++) {
    for (const [x, taps] of columns.entries()) {
      for (const [from, weight] of taps) {
        for (let channel = 0; channel < channels; channel++) {
          between[(y * toWidth + x) * channels + channel] +=
            weight * values[(y * width + from) * channels + channel]
        }
      }
    }
  }
  const line = toWidth * channels
  const sums = new Float32Array(toHeight * line)
  for (const [y, taps] of rows.entries())
    for (const [from, weight] of taps)
      for (let at = 0; at < line; at++) sums[y * line + at] += weight * between[from * line + at]
  const shape = [toHeight, toWidth, channels] as const
  if (values instanceof Float32Array) return { values: sums, shape }
  const out = sameKind(values, sums.length)
  for (let at = 0; at < out.length; at++) out[at] = Math.round(sums[at])
  return { values: out, shape }
}

/** For each output position the source positions and weights that sum to one. */
function axisWeights(from: number, to: number): (readonly [position: number, weight: number])[][] {
  const scale = from / to
  return Array.from({ length: to }, (_, at) => {
    if (scale > 1) {
      const [low, high] = [at * scale, (at + 1) * scale]
      const taps: [number, number][] = []
      for (let position = Math.floor(low); position < high && position < from; position++) {
        const covered = Math.min(high, position + 1) - Math.max(low, position)
        if (covered > 1e-9) taps.push([position, covered / scale])
      }
      return taps
    }
    const centre = Math.min(from - 1, Math.max(0, (at + 0.5) * scale - 0.5))
    const low = Math.floor(centre)
    const share = centre - low
    return share === 0
      ? [[low, 1]]
      : [
          [low, 1 - share],
          [low + 1, share]
        ]
  })
}
