import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { DataSetInfo } from '../../shared/contract/dataset'
import { resize } from '../../core/dataset/prepare'
import type { ImageSplit } from '../../shared/vocabulary'
import { openStoredItems, storedFiles } from '../store/storedItems'

/** An item to show, values as the network gets them. */
export interface ItemPreview {
  readonly name: string
  readonly split: ImageSplit
  readonly label: string | null
  readonly shape: [number, number, number]
  readonly values: number[]
}

const maxSide = 64
/** Longest vector that is sent whole; longer ones are thinned by means. */
const maxValues = 1024

/** The first items of a split, small enough to be sent to a page. */
export async function previewItems(folder: string, split: ImageSplit, count: number): Promise<ItemPreview[]> {
  const set = await openStoredItems(folder)
  try {
    const names = (await readFile(path.join(folder, storedFiles.names), 'utf8')).split('\n')
    const items: ItemPreview[] = []
    for (let at = 0; at < Math.min(count, set.count(split)); at++) {
      const { item, values, target } = await set.raw(split, at)
      const small = shrink({ values, shape: set.info.shape })
      items.push({
        name: names[item] ?? '',
        split,
        label: labelOf(set.info, target),
        shape: [...small.shape] as [number, number, number],
        values: [...small.values]
      })
    }
    return items
  } finally {
    await set.close()
  }
}

type Item = Parameters<typeof resize>[0]

function shrink(item: Item): Item {
  const [height, width, channels] = item.shape
  if (height === 1 && width === 1 && channels > maxValues) {
    const thin = resize({ values: Float32Array.from(item.values), shape: [1, channels, 1] }, 1, maxValues)
    return { values: thin.values, shape: [1, 1, maxValues] }
  }
  if (height === 1 || width === 1) return item
  if (height <= maxSide && width <= maxSide) return item
  const scale = maxSide / Math.max(height, width)
  return resize(item, Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale)))
}

function labelOf({ task, classes }: DataSetInfo, target: Float32Array): string | null {
  if (target.length === 0) return null
  if (task === 'classification') return classes[target[0]] ?? String(target[0])
  if (task === 'reconstruction') return target[0] === 0 ? 'normal' : 'anomaly'
  if (task === 'nextToken') return JSON.stringify(String.fromCharCode(target[0]))
  return [...target]
    .slice(0, 4)
    .map((value) => Number(value.toPrecision(4)))
    .join(', ')
}
