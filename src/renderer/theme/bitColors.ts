import type { Bits } from '@core/quant/scheme'

/** The CSS variable of a bit width; the same four hues on every page. */
export const bitToken = (bits: number): string => `--bits-${bits}`

/** Shapes by activation bits, so that a pair is readable without colour: hue = weight bits, shape = activation bits. */
export const activationSymbols: Readonly<Record<Bits, string>> = {
  8: 'circle',
  4: 'rect',
  2: 'triangle',
  1: 'diamond'
}
