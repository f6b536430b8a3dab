import type { AudioFeatures } from '../../core/dataset/audio/features'
import type { ReadItem } from '../../core/dataset/item'
import type { DataFormat } from '../../shared/contract/dataset'

/** Files as a running sequence of items. */
export interface ItemSource {
  readonly format: DataFormat
  /** Number of items, where it can be said before reading; for progress only. */
  readonly total: number | null
  /** Names of classes by number, where the files give them. */
  readonly classNames: readonly string[] | null
  readonly audio: AudioFeatures | null
  /** What was taken another way than it may have been meant, or not read; complete once the items were read. */
  readonly notes?: readonly string[]
  items(): AsyncIterable<ReadItem>
}
