import sharp from 'sharp'
import { AppError } from '../../shared/errors'
import { isBmp, readBmp, type Picture } from '../../core/dataset/readBmp'
import { readRegularFile } from '../files/readRegularFile'

/** Largest file that is decoded, and most pixels it may claim. */
const maxFileBytes = 256 * 2 ** 20
const maxPixels = 64e6

sharp.concurrency(1)
sharp.cache(false)

/** Endings of picture files that are read, in small letters. */
export const pictureEndings = ['.png', '.jpg', '.jpeg', '.bmp']

/**
 * Decodes PNG, JPEG and BMP to bytes; transparency is dropped, orientation marks are followed. CMYK becomes RGB by arithmetic, as
 * Pillow does it, not by a printer's profile.
 * @param channels 1 makes grey, 3 makes RGB; null keeps what the file has
 * @returns the picture, and whether the file has it in colour
 * @throws AppError data.invalid for damaged files
 */
export async function readPicture(
  file: string,
  channels: 1 | 3 | null
): Promise<Picture & { readonly isColour: boolean }> {
  const bytes = await readRegularFile(file, { maxBytes: maxFileBytes })
  if (isBmp(bytes)) {
    const picture = readBmp(bytes, file)
    const isColour = picture.channels === 3
    return { ...(channels === 1 ? await decoded(rawSharp(picture), 1) : picture), isColour }
  }
  try {
    const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'warning' })
    const { channels: own = 3, format, space } = await image.metadata()
    if (format !== 'png' && format !== 'jpeg') throw new Error(`it is ${format ?? 'no picture'}`)
    if (space === 'cmyk') {
      const picture = ofInks(await inksOf(image.rotate()))
      return { ...(channels === 1 ? await decoded(rawSharp(picture), 1) : picture), isColour: true }
    }
    return { ...(await decoded(image.rotate(), channels ?? (own <= 2 ? 1 : 3))), isColour: own > 2 }
  } catch (cause) {
    throw new AppError(
      'data.invalid',
      `${file}: it cannot be decoded (${reasonOf(cause)}).`,
      'Remove it, or save it again as PNG.',
      { cause }
    )
  }
}

function rawSharp({ pixels, width, height, channels }: Picture): sharp.Sharp {
  return sharp(pixels, { raw: { width, height, channels } })
}

async function decoded(image: sharp.Sharp, channels: 1 | 3): Promise<Picture> {
  const toned = image.removeAlpha().toColourspace(channels === 1 ? 'b-w' : 'srgb')
  const { data, info } = await toned.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  const pixels = info.channels === channels ? new Uint8Array(data) : repeated(data, channels / info.channels)
  return { width: info.width, height: info.height, channels, pixels }
}

/** The four inks of every pixel, as they are stored. */
async function inksOf(image: sharp.Sharp): Promise<{ data: Uint8Array; width: number; height: number }> {
  const raw = image.pipelineColourspace('cmyk').toColourspace('cmyk').raw({ depth: 'uchar' })
  const { data, info } = await raw.toBuffer({ resolveWithObject: true })
  if (info.channels !== 4) throw new Error(`it has ${info.channels} inks`)
  return { data, width: info.width, height: info.height }
}

/** What the inks leave of white: each colour (255 - ink) * (255 - black) / 255, rounded. */
function ofInks({ data, width, height }: Awaited<ReturnType<typeof inksOf>>): Picture {
  const pixels = new Uint8Array(3 * width * height)
  for (let at = 0; at < pixels.length; at++) {
    const pixel = Math.floor(at / 3)
    const left = 255 - data[4 * pixel + 3]
    pixels[at] = left - Math.round((data[4 * pixel + (at % 3)] * left) / 255)
  }
  return { width, height, channels: 3, pixels }
}

/** Grey bytes once per channel. */
function repeated(data: Uint8Array, times: number): Uint8Array {
  if (times < 1) return data.filter((_, at) => at % Math.round(1 / times) === 0)
  return Uint8Array.from({ length: data.length * times }, (_, at) => data[Math.floor(at / times)])
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
}
