import {
  decide,
  type AdaptiveDecision,
  type AdaptiveSpec,
  type AdaptiveState
} from '../../core/proxy/adaptive/adaptive'
import { expectedChecksum } from '../../core/profile/expectedChecksum'
import { readProfileCsv, type ReadCsv, type ReadCsvOptions } from '../../core/proxy/csv/readCsv'
import type { BenchItem } from '../../core/kernel/shape'

/** Work of this noun that runs off the main thread. */
export const profileTasks = {
  /** CRC-32 that the board must report for this item and seed. */
  'profile.checksum': ({ item, seed }: { item: BenchItem; seed: number }): number =>
    expectedChecksum(item, seed),
  /** Reads the text of a profile CSV. */
  'profile.readCsv': ({ text, options }: { text: string; options: ReadCsvOptions }): ReadCsv =>
    readProfileCsv(text, options),
  /** Judges an adaptive run so far and chooses its next rows. */
  'profile.decide': ({ plan, state }: { plan: AdaptiveSpec; state: AdaptiveState }): AdaptiveDecision =>
    decide(plan, state)
}
