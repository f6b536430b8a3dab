import type { ActivationRanges } from './calibration'
import { quantizing } from './quantizeNetwork'
import type { ReconstructedLayer } from './reconstruct'
import type { Scheme } from '../scheme'

/** Stands for codes that are not there yet. */
const unfitted: ReconstructedLayer = {
  codes: new Int8Array(0),
  scales: new Float64Array(0),
  bias: new Float64Array(0)
}

/**
 * Keys in `roundedCache` of the layers that a network under a scheme has to fit, in the order in which they are fitted. What a
 * layer depends on is a text of formats and widths, so all keys are known before the first layer is fitted.
 * @throws AppError scheme.invalid
 */
export function missingFits(calibration: ActivationRanges, scheme: Scheme): string[] {
  const missing: string[] = []
  const { layerCache, roundedCache } = calibration
  const work = quantizing(
    {
      ...calibration,
      layerCache: {
        get: (key) => layerCache.get(key),
        // A layer with weights may be one of codes that are not there.
        set: (key, layer, sizeBytes) => {
          if (!('weights' in layer)) layerCache.set(key, layer, sizeBytes)
        }
      },
      roundedCache: {
        get(key) {
          const known = roundedCache.get(key)
          if (known === undefined) missing.push(key)
          return known ?? unfitted
        },
        set: () => undefined
      }
    },
    scheme
  )
  // Where every layer is known nothing is computed; what would be is left.
  if (work.next().done !== true) work.return(undefined as never)
  return missing
}
