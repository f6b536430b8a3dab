import { AppError } from '../../shared/errors'
import { countOf } from '../../shared/units'
import type { ElementType } from '../../shared/vocabulary'
import type { ItemValues } from './item'

/**
 * What a stored value means to the network: x = (value * scale - mean[c]) / std[c], one mean and std or one per
 * channel.
 */
export interface Normalisation {
  readonly scale: number
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** Real value of an input byte p: scale * (p - 128 + zero), as a Graph and an Image say it. */
export interface InputFormat {
  readonly scale: number
  readonly zero: number
  /**
   * True: the stored bytes are the input bytes and the normalisation lies in scale and zero, so that the board does
   * none. False: the host turns values into bytes, each at most half a step away.
   */
  readonly folded: boolean
}

/**
 * Checks that mean and std are one number or one per channel: another count would be taken in turn, channel by channel.
 * @throws AppError input.invalid
 */
export function requireChannels({ mean, std }: Normalisation, channels: number): void {
  for (const [name, values] of Object.entries({ mean, std })) {
    if (values.length === 1 || values.length === channels) continue
    throw new AppError(
      'input.invalid',
      `The ${name} has ${countOf(values.length, 'number')}; the prepared items have ${countOf(channels, 'channel')}.`,
      `Give one ${name} for all channels, or one for each in their order. Grey pictures have one channel.`
    )
  }
}

/** x = slope * value + offset for a channel. */
function lineOf({ scale, mean, std }: Normalisation, channel: number): { slope: number; offset: number } {
  const deviation = std[channel % std.length]
  return { slope: scale / deviation, offset: -mean[channel % mean.length] / deviation }
}

function channelsOf({ mean, std }: Normalisation): number {
  return Math.max(mean.length, std.length)
}

/**
 * The format in which a set's values reach the network. `range` bounds the stored values; bytes have 0..255.
 */
export function inputFormatOf(
  normalisation: Normalisation,
  element: ElementType,
  range: { readonly low: number; readonly high: number }
): InputFormat {
  const folded = foldedFormat(normalisation, element)
  if (folded !== null) return folded
  let [low, high] = [0, 0]
  for (let channel = 0; channel < channelsOf(normalisation); channel++) {
    const { slope, offset } = lineOf(normalisation, channel)
    for (const value of [range.low, range.high]) {
      low = Math.min(low, slope * value + offset)
      high = Math.max(high, slope * value + offset)
    }
  }
  const scale = high > low ? (high - low) / 255 : 1
  return { scale, zero: Math.round(128 + low / scale), folded: false }
}

/** Bytes under one slope whose real zero is a byte: nothing is left to compute. */
function foldedFormat(normalisation: Normalisation, element: ElementType): InputFormat | null {
  if (element === 'f32' || channelsOf(normalisation) !== 1) return null
  const { slope, offset } = lineOf(normalisation, 0)
  // A stored i8 value v is the byte v + 128.
  const zero = (element === 'u8' ? 128 : 0) + offset / slope
  const rounded = Math.round(zero)
  if (slope <= 0 || Math.abs(zero - rounded) > 1e-6 || rounded < -127 || rounded > 128) return null
  return { scale: slope, zero: rounded, folded: true }
}

/** Real inputs of stored values (HWC). */
export function itemReals(
  values: ItemValues,
  channels: number,
  normalisation: Normalisation,
  out: Float32Array
): Float32Array {
  const lines = Array.from({ length: channels }, (_, channel) => lineOf(normalisation, channel))
  for (let at = 0; at < values.length; at++) {
    const { slope, offset } = lines[at % channels]
    out[at] = slope * values[at] + offset
  }
  return out
}

/** Input bytes of stored values; what lies outside the range takes the nearest byte. */
export function bytesOf(
  values: ItemValues,
  channels: number,
  normalisation: Normalisation,
  format: InputFormat,
  out: Uint8Array
): Uint8Array {
  if (format.folded) {
    const offset = values instanceof Int8Array ? 128 : 0
    for (let at = 0; at < values.length; at++) out[at] = values[at] + offset
    return out
  }
  const lines = Array.from({ length: channels }, (_, channel) => lineOf(normalisation, channel))
  for (let at = 0; at < values.length; at++) {
    const { slope, offset } = lines[at % channels]
    const byte = Math.round((slope * values[at] + offset) / format.scale) + 128 - format.zero
    out[at] = Math.min(255, Math.max(0, byte))
  }
  return out
}
