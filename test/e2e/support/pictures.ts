import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pixelmatch from 'pixelmatch'
import sharp from 'sharp'

/** Pixels as RGBA bytes, row by row. */
export interface Picture {
  width: number
  height: number
  pixels: Uint8Array
}

/**
 * When two pictures count as equal. A pixel differs beyond `threshold` (0 to 1, distance in OKLab, 1 is black against
 * white), unless it looks like the smoothed edge of a shape; a picture differs where one square of `windowPx` has more
 * than `windowLimit` such pixels.
 */
export interface Tolerance {
  threshold: number
  windowPx: number
  windowLimit: number
}

/**
 * `same`: of pictures that one Chromium drew, where a digit that changed is about 20 pixels. `other`: of pictures that
 * another Chromium drew, whose letters have other edges: between the versions 131 and 156 at most 30 pixels, while text
 * that moved by one pixel is 66 and more.
 */
export const tolerances = {
  same: { threshold: 0.2, windowPx: 24, windowLimit: 12 },
  other: { threshold: 0.3, windowPx: 24, windowLimit: 42 }
} as const satisfies Record<string, Tolerance>

/** Outcome of a comparison: differing pixels in the worst square, and the picture that marks them. */
export interface PictureDifference {
  worst: number
  isEqual: boolean
  marked: Picture
}

/** Pixels of PNG or WebP bytes. */
export async function readPicture(bytes: Uint8Array): Promise<Picture> {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, pixels: new Uint8Array(data) }
}

/** Compares two pictures; of different size they differ everywhere. */
export function comparePictures(expected: Picture, actual: Picture, tolerance: Tolerance): PictureDifference {
  const { width, height } = expected
  const { threshold, windowPx, windowLimit } = tolerance
  if (actual.width !== width || actual.height !== height)
    return { worst: windowPx ** 2, isEqual: false, marked: actual }
  const marked = new Uint8Array(expected.pixels.length)
  const worst = pixelmatch(expected.pixels, actual.pixels, marked, width, height, {
    threshold,
    windowSize: windowPx
  })
  return { worst, isEqual: worst <= windowLimit, marked: { width, height, pixels: marked } }
}

const encode = ({ width, height, pixels }: Picture): sharp.Sharp =>
  sharp(pixels, { raw: { width, height, channels: 4 } }).removeAlpha()

/** Writes `picture` as small as it goes without a change that anybody sees. */
export async function writeReference(file: string, picture: Picture): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await encode(picture).webp({ nearLossless: true, quality: 60, effort: 6 }).toFile(file)
}

/** Writes what was seen and where it differs beside each other, to be looked at. @returns both files */
export async function writeDifference(
  folder: string,
  name: string,
  actual: Picture,
  marked: Picture
): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const files = [path.join(folder, `${name}.png`), path.join(folder, `${name}-difference.png`)]
  await encode(actual).png().toFile(files[0]!)
  await encode(marked).png().toFile(files[1]!)
  return files
}

/** Reads a reference. @returns null when there is none */
export async function readReference(file: string): Promise<Picture | null> {
  try {
    return await readPicture(await readFile(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const drawerFile = (folder: string): string => path.join(folder, 'chromium.json')

/** Major version of the Chromium that drew the references in `folder`; null when that is not written down. */
export async function drawerOf(folder: string): Promise<number | null> {
  try {
    return (JSON.parse(await readFile(drawerFile(folder), 'utf8')) as { major: number }).major
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Writes down which Chromium drew the references in `folder`. */
export async function noteDrawer(folder: string, major: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(drawerFile(folder), `{ "major": ${major} }\n`)
}
