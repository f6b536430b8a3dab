import type { AppErrorJson } from '@shared/errors'
import { base64ToBytes } from '../../components/fields/fileBytes'
import type { DrawnSvg } from './domSvg'

/** "Power of run 1" with an ending -> "power-of-run-1.csv". */
export function fileName(label: string, ending: string): string {
  const stem = label
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '')
  return `${stem.slice(0, 80) || 'chart'}.${ending}`
}

/** Puts a picture into the clipboard. @throws when the browser refuses */
export async function copyPicture(png: Promise<Blob>): Promise<void> {
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })])
}

/** Puts text into the clipboard. @throws when the browser refuses */
export async function copyText(text: string): Promise<void> {
  await navigator.clipboard.writeText(text)
}

/**
 * Draws an SVG as a PNG of twice its size.
 *
 * @throws when the browser cannot read the SVG or allocate the canvas
 */
export async function svgToPng({ svg, widthPx, heightPx }: DrawnSvg): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  try {
    const picture = new Image(widthPx, heightPx)
    picture.src = url
    await picture.decode()
    const canvas = document.createElement('canvas')
    canvas.width = 2 * widthPx
    canvas.height = 2 * heightPx
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height)
    return await canvasToPng(canvas)
  } finally {
    URL.revokeObjectURL(url)
  }
}

/** Larger pictures (pixels) are encoded beside the page, which would stand still for longer than a glance. */
const maxDirectPixels = 12_000_000

/**
 * Returns a canvas as PNG. Chromium's toBlob waits for an idle page, after a click for a whole second: pictures of usual size are
 * encoded at once. @throws when it is too large for the browser
 */
export async function canvasToPng(canvas: HTMLCanvasElement): Promise<Blob> {
  if (canvas.width * canvas.height <= maxDirectPixels) return pngOfUrl(canvas.toDataURL('image/png'))
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve))
  if (blob === null) throw new Error('The picture is too large.')
  return blob
}

/** Bytes of a `data:` address of a PNG; the page's security policy lets no request read one. */
function pngOfUrl(url: string): Blob {
  const head = 'data:image/png;base64,'
  if (!url.startsWith(head)) throw new Error('The picture is too large.')
  return new Blob([base64ToBytes(url.slice(head.length))], { type: 'image/png' })
}

/** Runs an export and returns its error in words, or null. */
export async function attempt(action: () => void | Promise<void>): Promise<AppErrorJson | null> {
  try {
    await action()
    return null
  } catch (error) {
    return {
      code: 'store.exportFailed',
      message: `Not exported: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'Save a file instead of copying, or zoom to a smaller part.'
    }
  }
}
