import type { Bits } from '@core/quant/scheme'
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

/** What a search may give its layers: `widths` where they are not the usual ones, and one width where a layer is pinned. */
export function allowedOf(
  layers: readonly string[],
  widths: readonly Bits[] | null,
  pins: readonly PinnedLayer[]
): SearchRequest['allowed'] {
  const general = widths === null ? [] : layers.map((layer) => ({ layer, ...both([...widths]) }))
  const single = pins.map(({ layer, weightBits, activationBits }) => ({
    layer,
    ...(weightBits === null ? {} : { weightBits: [weightBits] }),
    ...(activationBits === null ? {} : { activationBits: [activationBits] })
  }))
  return [...general, ...single]
}

const both = (bits: Bits[]): { weightBits: Bits[]; activationBits: Bits[] } => ({
  weightBits: bits,
  activationBits: bits
})
