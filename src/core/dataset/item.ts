import type { ImageSplit, ElementType } from '../../shared/vocabulary'

/**
 * What every reader of a data set gives, whatever file it reads: items one behind the other, good or bad. Readers
 * hold one item at a time, so a set may be larger than memory.
 */
export type ItemValues = Uint8Array | Int8Array | Float32Array

/** Which half of a set a file belongs to, where the files say so (train-images / t10k-images, x_train / x_test). */
export type ItemOrigin = 'train' | 'test'

/** An item that can be used. */
export interface GoodItem {
  readonly kind: 'good'
  /** Names the item to a person: a path, or a file and a row. */
  readonly name: string
  readonly values: ItemValues
  /** As read: [height, width, channels] for pictures; any other shape as the file has it. */
  readonly shape: readonly number[]
  /** Class name or number; null where there is none. */
  readonly label: string | number | null
  /** Numbers to predict (regression); null where there are none. */
  readonly target: Float32Array | null
  /** Split the files name for this item; null leaves the choice to the seeded draw. */
  readonly split: ImageSplit | null
  readonly origin: ItemOrigin | null
}

/** An item that cannot be used, with the reason; it is counted and named, never dropped without a word. */
export interface BadItem {
  readonly kind: 'bad'
  readonly name: string
  /** Why it cannot be used, as half a sentence. */
  readonly reason: string
  /** How many items it stands for: 1, or all that are missing at the end of a file. */
  readonly items: number
}

/** What reading one item gives. */
export type ReadItem = GoodItem | BadItem

/** A running sequence of bytes that are taken in order. */
export interface ByteStream {
  /** The next bytes, fewer than requested only at the end. */
  take(length: number): Promise<Uint8Array>
  /** Releases what lies behind it; may be called twice. */
  close(): Promise<void>
}

/** A good item with nothing known but its values. */
export function goodItem(
  name: string,
  values: ItemValues,
  shape: readonly number[],
  known: Partial<Pick<GoodItem, 'label' | 'target' | 'split' | 'origin'>> = {}
): GoodItem {
  return { kind: 'good', name, values, shape, label: null, target: null, split: null, origin: null, ...known }
}

/** Returns an item that cannot be used, or several of one reason; `reason` is half a sentence. */
export function badItem(name: string, reason: string, items = 1): BadItem {
  return { kind: 'bad', name, reason, items }
}

/** The element type that holds values of this array. */
export function elementOf(values: ItemValues): ElementType {
  if (values instanceof Uint8Array) return 'u8'
  return values instanceof Int8Array ? 'i8' : 'f32'
}

/** Bytes of one element. */
export function elementBytes(element: ElementType): number {
  return element === 'f32' ? 4 : 1
}

/** Number of elements of a shape. */
export function sizeOfShape(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1)
}
