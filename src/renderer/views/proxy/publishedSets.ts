import type { SampleSet } from '@shared/contract/proxy'
import type { CommandInput } from '../../client/client'

export type PublishedSet = CommandInput<'proxy.measurePublished'>['sets'][number]

const devices: Readonly<Record<string, string>> = {
  bitfusion: 'BitFusion',
  mico_small: 'MiCo small',
  mico_high: 'MiCo high'
}

/** Imported files that are data sets of the published study, recognised by their public names (mico_small_conv2d_zoo.csv). */
export function publishedSets(sets: readonly SampleSet[]): PublishedSet[] {
  return sets.flatMap(({ source, kernel }) => {
    if (source.kind !== 'files' || source.paths.length !== 1) return []
    const match = /(bitfusion|mico_small|mico_high)_(matmul|conv2d)_zoo\.csv$/.exec(source.paths[0]!)
    if (match === null || match[2] !== kernel) return []
    return [{ dataset: `${devices[match[1]!]!} ${kernel}`, source, kernel }]
  })
}
