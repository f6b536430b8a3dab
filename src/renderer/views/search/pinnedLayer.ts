import type { Bits } from '@core/quant/scheme'
import { allowedOf } from '@core/search/allowedBits'
import type { SearchRequest } from '@shared/contract/search'

/** A layer whose widths a search does not choose freely; null: as all layers. */
export interface PinnedLayer {
  readonly layer: string
  readonly weightBits: Bits | null
  readonly activationBits: Bits | null
}

/** Whether the network has the layer and the search the widths. */
export function isPinPossible(
  { layer, weightBits, activationBits }: PinnedLayer,
  layers: readonly string[],
  widths: readonly Bits[]
): boolean {
  const known = (bits: Bits | null): boolean => bits === null || widths.includes(bits)
  return layers.includes(layer) && known(weightBits) && known(activationBits)
}

/** The widths of a request: `widths` where they are not the usual ones, and one width where a layer is pinned. */
export function requestedWidths(
  layers: readonly string[],
  widths: readonly Bits[] | null,
  pins: readonly PinnedLayer[]
): SearchRequest['allowed'] {
  const single = pins.map(({ layer, weightBits, activationBits }) => ({
    layer,
    ...(weightBits === null ? {} : { weightBits: [weightBits] }),
    ...(activationBits === null ? {} : { activationBits: [activationBits] })
  }))
  // Copies: a request holds arrays of its own.
  return allowedOf(layers, widths, single).map(({ layer, weightBits, activationBits }) => ({
    layer,
    ...(weightBits === undefined ? {} : { weightBits: [...weightBits] }),
    ...(activationBits === undefined ? {} : { activationBits: [...activationBits] })
  }))
}
