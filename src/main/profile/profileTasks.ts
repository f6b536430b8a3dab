import { expectedChecksum } from '../../core/profile/expectedChecksum'
import type { BenchItem } from '../../core/profile/kernelShape'

/** Work of this noun that runs off the main thread. */
export const profileTasks = {
  /** CRC-32 that the board must report for this item and seed. */
  'profile.checksum': ({ item, seed }: { item: BenchItem; seed: number }): number =>
    expectedChecksum(item, seed)
}
