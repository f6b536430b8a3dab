import { badItem, goodItem, type ByteStream, type ItemOrigin, type ReadItem } from './item'

/**
 * CIFAR binary (Krizhevsky): per picture one class byte (CIFAR-10) or a coarse and a fine one (CIFAR-100, the fine one
 * counts), then the planes red, green and blue, row by row. A class beyond the set's is a sign of a damaged file.
 */
export async function* readCifar(
  file: { name: string; stream: ByteStream },
  options: { side: number; labelBytes: 1 | 2; classes: number; origin: ItemOrigin | null }
): AsyncGenerator<ReadItem> {
  const { side, labelBytes, classes, origin } = options
  const plane = side * side
  for (let index = 0; ; index++) {
    const record = await file.stream.take(labelBytes + 3 * plane)
    if (record.length === 0) return
    const name = `${file.name} item ${index + 1}`
    if (record.length < labelBytes + 3 * plane) {
      yield badItem(name, 'the file ends within it')
      return
    }
    const label = record[labelBytes - 1]
    if (label >= classes) {
      yield badItem(name, `its class is ${label}, and the set has ${classes}`)
      continue
    }
    const values = new Uint8Array(3 * plane)
    for (let at = 0; at < plane; at++) {
      for (let channel = 0; channel < 3; channel++) {
        values[3 * at + channel] = record[labelBytes + channel * plane + at]
      }
    }
    yield goodItem(name, values, [side, side, 3], { label, origin })
  }
}

/** The record layout whose size divides the file: 32x32 first, then other sides that are given. */
export function cifarLayout(sizeBytes: number, side: number): { labelBytes: 1 | 2 } | null {
  for (const labelBytes of [1, 2] as const) {
    if (sizeBytes > 0 && sizeBytes % (labelBytes + 3 * side * side) === 0) return { labelBytes }
  }
  return null
}
