import { crc32, deflateSync } from 'node:zlib'
import type { Mark, Scene } from '../../core/proxy/report/figures'
import { glyphRows } from './pngFont'

/** Pixels per scene unit: figures are drawn at twice their size. */
const scale = 2

/** A scene as a PNG file (8 bit RGB; PNG specification, third edition), drawn without a browser. */
export function toPng(scene: Scene): Uint8Array {
  const canvas = createCanvas(Math.ceil(scene.width * scale), Math.ceil(scene.height * scale))
  for (const mark of scene.marks) draw(canvas, mark)
  return encode(canvas)
}

interface Canvas {
  width: number
  height: number
  /** RGB, row by row. */
  pixels: Uint8Array
}

function createCanvas(width: number, height: number): Canvas {
  return { width, height, pixels: new Uint8Array(width * height * 3).fill(255) }
}

/** Blends a colour into one pixel; outside the canvas nothing happens. */
function blend({ width, height, pixels }: Canvas, x: number, y: number, color: number, share: number): void {
  if (x < 0 || y < 0 || x >= width || y >= height || share <= 0) return
  const at = (y * width + x) * 3
  for (let channel = 0; channel < 3; channel++) {
    const value = (color >> (16 - 8 * channel)) & 255
    pixels[at + channel] = Math.round(
      pixels[at + channel] + (value - pixels[at + channel]) * Math.min(1, share)
    )
  }
}

function draw(canvas: Canvas, mark: Mark): void {
  const color = Number.parseInt(mark.color.slice(1), 16)
  switch (mark.kind) {
    case 'rect':
      for (let y = Math.round(mark.y * scale); y < (mark.y + mark.height) * scale; y++) {
        for (let x = Math.round(mark.x * scale); x < (mark.x + mark.width) * scale; x++)
          blend(canvas, x, y, color, 1)
      }
      return
    case 'circle':
      disc(canvas, mark.x * scale, mark.y * scale, mark.radius * scale, color, mark.opacity ?? 1)
      return
    case 'line':
      stroke(canvas, mark, color)
      return
    case 'text':
      write(canvas, mark, color)
  }
}

/** Filled disc with soft edge: coverage falls over one pixel around the radius. */
function disc(canvas: Canvas, cx: number, cy: number, radius: number, color: number, opacity: number): void {
  for (let y = Math.floor(cy - radius - 1); y <= cy + radius + 1; y++) {
    for (let x = Math.floor(cx - radius - 1); x <= cx + radius + 1; x++) {
      const distance = Math.hypot(x + 0.5 - cx, y + 0.5 - cy)
      blend(canvas, x, y, color, opacity * Math.min(1, Math.max(0, radius + 0.5 - distance)))
    }
  }
}

/** Every pixel near the segment is covered by how close it is. */
function stroke(canvas: Canvas, mark: Extract<Mark, { kind: 'line' }>, color: number): void {
  const [x1, y1, x2, y2] = [mark.x1 * scale, mark.y1 * scale, mark.x2 * scale, mark.y2 * scale]
  const half = (mark.width * scale) / 2
  const squared = (x2 - x1) ** 2 + (y2 - y1) ** 2
  const from = { x: Math.floor(Math.min(x1, x2) - half - 1), y: Math.floor(Math.min(y1, y2) - half - 1) }
  const to = { x: Math.ceil(Math.max(x1, x2) + half + 1), y: Math.ceil(Math.max(y1, y2) + half + 1) }
  for (let y = from.y; y <= to.y; y++) {
    for (let x = from.x; x <= to.x; x++) {
      const along = squared === 0 ? 0 : ((x + 0.5 - x1) * (x2 - x1) + (y + 0.5 - y1) * (y2 - y1)) / squared
      const at = Math.min(1, Math.max(0, along))
      const distance = Math.hypot(x + 0.5 - x1 - at * (x2 - x1), y + 0.5 - y1 - at * (y2 - y1))
      blend(canvas, x, y, color, (mark.opacity ?? 1) * Math.min(1, Math.max(0, half + 0.5 - distance)))
    }
  }
}

function write(canvas: Canvas, mark: Extract<Mark, { kind: 'text' }>, color: number): void {
  // Glyphs are 5 x 7 dots with one dot between them; a font size of 11 is about 1 dot per scene unit.
  const dot = Math.max(1, Math.round((mark.size * scale) / 11))
  const advance = 6 * dot
  const width = mark.text.length * advance - dot
  const share = mark.anchor === 'start' ? 0 : mark.anchor === 'middle' ? 0.5 : 1
  let left = Math.round(mark.x * scale - share * width)
  const top = Math.round(mark.y * scale - 7 * dot)
  for (const character of mark.text.toUpperCase()) {
    const rows = glyphRows[character] ?? glyphRows['?'] ?? []
    rows.forEach((bits, row) => {
      for (let column = 0; column < 5; column++) {
        if (((bits >> (4 - column)) & 1) === 0) continue
        for (let y = 0; y < dot; y++) {
          for (let x = 0; x < dot; x++) blend(canvas, left + column * dot + x, top + row * dot + y, color, 1)
        }
      }
    })
    left += advance
  }
}

function encode({ width, height, pixels }: Canvas): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits per channel, colour type RGB, no interlace.
  header.set([8, 2, 0, 0, 0], 8)
  const lines = Buffer.alloc(height * (width * 3 + 1))
  for (let y = 0; y < height; y++)
    lines.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), y * (width * 3 + 1) + 1)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0))
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
