import type { Preparation } from '@shared/contract/dataset'
import { parseFractions, parseShares } from '@shared/text/fractions'
import type { CommandInput } from '../../client/client'

/** How a data set is read, as it is typed; empty fields keep what happens without them. */
export interface PreparationDraft {
  layout: Preparation['layout']
  fit: Preparation['fit']
  scale: string
  mean: string
  std: string
  /** Columns of a table, separated by commas. */
  targets: string
  features: NonNullable<CommandInput<'dataset.add'>['features']>
  /** Shares of calibration, tune and search. */
  shares: string
  seed: string
}

/** Returns a draft in which nothing is chosen. */
export function emptyPreparation(): PreparationDraft {
  return {
    layout: 'hwc',
    fit: 'stretch',
    scale: '',
    mean: '',
    std: '',
    targets: '',
    features: 'mfcc',
    shares: '',
    seed: ''
  }
}

type Prepared = Pick<CommandInput<'dataset.add'>, 'targetColumns' | 'features' | 'shares' | 'seed'> & {
  readonly preparation: Pick<Preparation, 'layout' | 'fit' | 'normalise'>
}

/** The part of a request that the draft describes; the label of the field that cannot be read where there is one. */
export function readPreparation(draft: PreparationDraft): Prepared | { readonly problem: string } {
  const scale = draft.scale.trim() === '' ? [1] : parseFractions(draft.scale)
  const mean = draft.mean.trim() === '' ? [0] : parseFractions(draft.mean)
  const std = draft.std.trim() === '' ? [1] : parseFractions(draft.std)
  const shares = draft.shares.trim() === '' ? undefined : parseShares(draft.shares)
  if (scale?.length !== 1 || scale[0] <= 0) return { problem: 'Scale' }
  if (mean === null) return { problem: 'Mean' }
  if (std === null || std.some((value) => value <= 0)) return { problem: 'Std' }
  if (shares === null) return { problem: 'Calibration, tune, search' }
  if (!/^\d{0,9}$/.test(draft.seed.trim())) return { problem: 'Seed of the splits' }
  const isNormalised = [draft.scale, draft.mean, draft.std].some((text) => text.trim() !== '')
  return {
    preparation: {
      layout: draft.layout,
      fit: draft.fit,
      normalise: isNormalised ? { scale: scale[0], mean, std } : null
    },
    targetColumns: draft.targets
      .split(',')
      .map((column) => column.trim())
      .filter((column) => column !== ''),
    features: draft.features,
    ...(shares === undefined ? {} : { shares }),
    ...(draft.seed.trim() === '' ? {} : { seed: Number(draft.seed) })
  }
}
