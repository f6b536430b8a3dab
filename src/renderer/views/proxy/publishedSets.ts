import { publishedDataSets as rowsOfTheTable } from '@core/proxy/report/publishedSets'
import type { SampleSet } from '@shared/contract/proxy'
import type { CommandInput } from '../../client/client'

/** A published data set to measure proxies on. */
export type PublishedSet = CommandInput<'proxy.measurePublished'>['sets'][number]

/** Imported files that are data sets of the published study, recognised by their public names (mico_small_conv2d_zoo.csv). */
export function publishedSets(sets: readonly SampleSet[]): PublishedSet[] {
  return sets.flatMap(({ source, kernel }) => {
    if (source.kind !== 'files' || source.paths.length !== 1) return []
    const name = source.paths[0].split(/[\\/]/).at(-1)
    const row = rowsOfTheTable.find((one) => one.file === name && one.kernel === kernel)
    return row === undefined ? [] : [{ dataset: row.dataset, source, kernel }]
  })
}
