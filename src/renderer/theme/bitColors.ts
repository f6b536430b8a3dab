import { bitWidths, type KernelBits } from '@core/quant/scheme'

/** The CSS variable of a bit width; the same four hues on every page. 3 bits look like 4, those above like 8. */
export const bitToken = (bits: number): string =>
  `--bits-${bitWidths.findLast((width) => width >= bits) ?? 8}`

/** Shapes by activation bits, so that a pair is readable without colour: hue = weight bits, shape = activation bits. */
export const activationSymbols: Readonly<Record<KernelBits, string>> = {
  8: 'circle',
  4: 'rect',
  2: 'triangle',
  1: 'diamond'
}
