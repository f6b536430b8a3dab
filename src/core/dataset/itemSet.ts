import type { ImageSplit } from '../../shared/vocabulary'
import type { InputFormat } from './inputFormat'
import type { Task } from '../../shared/vocabulary'
import type { ShapeHwc } from '../kernel/shape'

/** Items of a split as the engine takes them. */
export interface ItemBatch {
  readonly count: number
  /** Input bytes, HWC, one item behind the other; their real value is the set's `input` format. */
  readonly bytes: Uint8Array
  /** The same items as real numbers, HWC, as exact as the set has them. */
  readonly reals: Float32Array
  /** [count][targetWidth]; empty without labels. */
  readonly targets: Float32Array
}

/**
 * What fitting and judging a network need of a data set, wherever its items lie. Splits never share items; `test` is
 * what results are reported on.
 */
export interface ItemSet {
  readonly id: string
  readonly name: string
  readonly task: Task
  readonly shape: ShapeHwc
  /** Number of classes or tokens; 0 where there are none. */
  readonly classes: number
  readonly targetWidth: number
  /** How the network's input bytes are to be read; null leaves it to the network's file. */
  readonly input: InputFormat | null
  count(split: ImageSplit): number
  /** Items [from, from + count) of a split, fewer at its end. */
  read(split: ImageSplit, from: number, count: number): Promise<ItemBatch>
  close(): Promise<void>
}
