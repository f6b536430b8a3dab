import type { ProxyKernelName } from '../../../shared/vocabulary'
import { AppError } from '../../../shared/errors'

/** A data set of the published study of the two-stage proxy, with the errors it reports (training, percent). */
export interface PublishedDataSet {
  readonly dataset: string
  /** Public name of its file. */
  readonly file: string
  readonly kernel: ProxyKernelName
  readonly publishedOneStage: number
  readonly publishedTwoStage: number
}

const set = (
  device: string,
  filePrefix: string,
  kernel: ProxyKernelName,
  [publishedOneStage, publishedTwoStage]: readonly [number, number]
): PublishedDataSet => ({
  dataset: `${device} ${kernel}`,
  file: `${filePrefix}_${kernel}_zoo.csv`,
  kernel,
  publishedOneStage,
  publishedTwoStage
})

export const publishedDataSets: readonly PublishedDataSet[] = [
  set('BitFusion', 'bitfusion', 'matmul', [2.29, 0.29]),
  set('BitFusion', 'bitfusion', 'conv2d', [3.1, 1.96]),
  set('MiCo small', 'mico_small', 'matmul', [2.91, 0.91]),
  set('MiCo small', 'mico_small', 'conv2d', [2.89, 1.28]),
  set('MiCo high', 'mico_high', 'matmul', [2.92, 1.2]),
  set('MiCo high', 'mico_high', 'conv2d', [2.52, 0.99])
]

/**
 * Returns a data set by its name in the published table.
 *
 * @throws AppError input.invalid for a data set the table has no row of
 */
export function publishedSetOf(dataset: string): PublishedDataSet {
  const found = publishedDataSets.find((one) => one.dataset === dataset)
  if (found !== undefined) return found
  throw new AppError(
    'input.invalid',
    `The published table has no row "${dataset}".`,
    `It has ${publishedDataSets.map((one) => one.dataset).join(', ')}.`
  )
}
