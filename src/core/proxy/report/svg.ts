import type { Mark, Scene } from './figures'

/** A scene as a standalone SVG document. */
export function toSvg(scene: Scene): string {
  const { width, height } = scene
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `role="img" font-family="system-ui, sans-serif"><title>${escapeText(scene.title)}</title>` +
    `<rect width="${width}" height="${height}" fill="#ffffff"/>${scene.marks.map(element).join('')}</svg>\n`
  )
}

function element(mark: Mark): string {
  switch (mark.kind) {
    case 'line':
      return (
        `<line x1="${round(mark.x1)}" y1="${round(mark.y1)}" x2="${round(mark.x2)}" y2="${round(mark.y2)}" ` +
        `stroke="${mark.color}" stroke-width="${mark.width}"${opacity(mark.opacity, 'stroke-opacity')}/>`
      )
    case 'circle':
      return (
        `<circle cx="${round(mark.x)}" cy="${round(mark.y)}" r="${mark.radius}" ` +
        `fill="${mark.color}"${opacity(mark.opacity, 'fill-opacity')}/>`
      )
    case 'rect':
      return (
        `<rect x="${round(mark.x)}" y="${round(mark.y)}" width="${round(mark.width)}" height="${round(mark.height)}" ` +
        `fill="${mark.color}"/>`
      )
    case 'text':
      return (
        `<text x="${round(mark.x)}" y="${round(mark.y)}" font-size="${mark.size}" fill="${mark.color}" ` +
        `text-anchor="${mark.anchor}">${escapeText(mark.text)}</text>`
      )
  }
}

function opacity(value: number | undefined, attribute: string): string {
  return value === undefined || value === 1 ? '' : ` ${attribute}="${value}"`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
