import type { CommandOutput } from '../../shared/contract'
import { AppError } from '../../shared/errors'

/** A row of the published table beside what is measured here. */
export type PublishedRow = CommandOutput<'proxy.publishedTable'>['rows'][number]
type Published = Pick<PublishedRow, 'publishedOneStage' | 'publishedTwoStage'>

/** Errors that the published study reports (training errors, percent), by data set name. */
const published: Record<string, Published> = {
  'BitFusion matmul': { publishedOneStage: 2.29, publishedTwoStage: 0.29 },
  'BitFusion conv2d': { publishedOneStage: 3.1, publishedTwoStage: 1.96 },
  'MiCo small matmul': { publishedOneStage: 2.91, publishedTwoStage: 0.91 },
  'MiCo small conv2d': { publishedOneStage: 2.89, publishedTwoStage: 1.28 },
  'MiCo high matmul': { publishedOneStage: 2.92, publishedTwoStage: 1.2 },
  'MiCo high conv2d': { publishedOneStage: 2.52, publishedTwoStage: 0.99 }
}

/** @throws input.invalid for a data set the table has no row of */
export function publishedErrors(dataset: string): Published {
  const found = published[dataset]
  if (found !== undefined) return found
  throw new AppError(
    'input.invalid',
    `The published table has no row "${dataset}".`,
    `It has ${Object.keys(published).join(', ')}.`
  )
}
