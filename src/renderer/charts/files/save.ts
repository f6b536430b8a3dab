import type { AppErrorJson } from '@shared/errors'
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

/** Returns a canvas as PNG. @throws when it is too large for the browser */
export function canvasToPng(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error('The picture is too large.')) : resolve(blob)))
  )
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
