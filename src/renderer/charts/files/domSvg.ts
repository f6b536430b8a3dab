import { escapeHtml } from '@shared/escapeHtml'

/** A picture as SVG text with its size. */
export interface DrawnSvg {
  svg: string
  widthPx: number
  heightPx: number
}

/** A colour as SVG takes it everywhere, with its opacity apart. */
export interface SvgPaint {
  color: string
  opacity: number
}

/** Properties of a drawing that its style sheet sets: a file has to carry them itself. */
const drawnProperties = [
  ...['fill-opacity', 'stroke-width', 'stroke-dasharray', 'stroke-opacity', 'opacity'],
  ...['font-size', 'font-weight', 'font-family', 'text-anchor']
]
/** Room around the picture, px. */
const marginPx = 8

/**
 * Draws what an element of the page shows as SVG: boxes, lines, texts where they stand, drawings within it. Without scripts,
 * style sheets or HTML, so that drawing programs open it. Elements with the attribute `data-unpictured` are left out.
 */
export function elementSvg(element: HTMLElement, background: string): DrawnSvg {
  const { left, top } = element.getBoundingClientRect()
  const [widthPx, heightPx] = wholeSize(element).map((size) => Math.ceil(size) + 2 * marginPx)
  const at = (box: DOMRect): Place => ({
    ...{ x: box.left - left + marginPx, y: box.top - top + marginPx },
    ...{ width: box.width, height: box.height }
  })
  const parts: string[] = []
  drawElement(element, at, parts)
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" viewBox="0 0 ${widthPx} ${heightPx}">`,
    `<rect width="100%" height="100%" fill="${escapeHtml(background)}"/>`,
    ...parts,
    '</svg>'
  ].join('')
  return { svg, widthPx, heightPx }
}

interface Place {
  x: number
  y: number
  width: number
  height: number
}
type PlaceOf = (box: DOMRect) => Place

const scrolls = (one: Element): boolean => /auto|scroll/.test(getComputedStyle(one).overflow)

/** Width and height of an element with all that lies in what scrolls within it, px. */
function wholeSize(element: HTMLElement): [number, number] {
  const { left, top, width, height } = element.getBoundingClientRect()
  const size: [number, number] = [width, height]
  for (const one of element.querySelectorAll('*')) {
    if (!scrolls(one)) continue
    const box = one.getBoundingClientRect()
    size[0] = Math.max(size[0], box.left - left + one.scrollWidth)
    size[1] = Math.max(size[1], box.top - top + one.scrollHeight)
  }
  return size
}

/** Places within an element that scrolls as if it stood at its beginning. */
function unscrolled(element: Element, at: PlaceOf): PlaceOf {
  if (element.scrollLeft === 0 && element.scrollTop === 0) return at
  return (box) => {
    const place = at(box)
    return { ...place, x: place.x + element.scrollLeft, y: place.y + element.scrollTop }
  }
}

function drawElement(element: Element, at: PlaceOf, parts: string[]): void {
  if (element.hasAttribute('data-unpictured')) return
  const style = getComputedStyle(element)
  if (style.display === 'none' || style.visibility === 'hidden') return
  if (element instanceof SVGSVGElement) {
    parts.push(nestedDrawing(element, at(element.getBoundingClientRect())))
    return
  }
  parts.push(...boxOf(style, at(element.getBoundingClientRect())))
  const within = unscrolled(element, at)
  for (const child of element.childNodes) {
    if (child instanceof Element) drawElement(child, within, parts)
    else if (child instanceof Text) parts.push(...textOf(child, style, within))
  }
}

const px = (value: number): string => String(Math.round(100 * value) / 100)

/** Ground and border of a box. */
function boxOf(style: CSSStyleDeclaration, { x, y, width, height }: Place): string[] {
  const ground = svgPaint(style.backgroundColor)
  const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, height / 2, width / 2)
  const sides = (['Top', 'Right', 'Bottom', 'Left'] as const).map((side) => ({
    widthPx: style[`border${side}Style`] === 'none' ? 0 : parseFloat(style[`border${side}Width`]) || 0,
    paint: svgPaint(style[`border${side}Color`]),
    isDashed: style[`border${side}Style`] === 'dashed'
  }))
  const dash = (isDashed: boolean): string => (isDashed ? ' stroke-dasharray="4 3"' : '')
  const rect = (place: Place, look: string): string =>
    `<rect x="${px(place.x)}" y="${px(place.y)}" width="${px(place.width)}" height="${px(place.height)}"${radius > 0 ? ` rx="${px(radius)}"` : ''} ${look}/>`
  const parts: string[] = []
  if (ground.opacity > 0)
    parts.push(rect({ x, y, width, height }, `fill="${ground.color}" fill-opacity="${ground.opacity}"`))
  const [first] = sides
  const isFrame =
    first.widthPx > 0 &&
    sides.every((one) => one.widthPx === first.widthPx && one.paint.color === first.paint.color)
  if (isFrame) {
    const half = first.widthPx / 2
    const inner = { x: x + half, y: y + half, width: width - 2 * half, height: height - 2 * half }
    parts.push(rect(inner, `fill="none" ${strokeOf(first)}${dash(first.isDashed)}`))
    return parts
  }
  const ends = [
    [x, y, x + width, y],
    [x + width, y, x + width, y + height],
    [x, y + height, x + width, y + height],
    [x, y, x, y + height]
  ]
  for (const [index, side] of sides.entries()) {
    if (side.widthPx === 0 || side.paint.opacity === 0) continue
    const [x1, y1, x2, y2] = ends[index].map(px)
    parts.push(`<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" ${strokeOf(side)}${dash(side.isDashed)}/>`)
  }
  return parts
}

const strokeOf = ({ paint, widthPx }: { paint: SvgPaint; widthPx: number }): string =>
  `stroke="${paint.color}" stroke-opacity="${paint.opacity}" stroke-width="${widthPx}"`

/** The lines of a text, each where the page shows it. */
function textOf(node: Text, style: CSSStyleDeclaration, at: PlaceOf): string[] {
  const paint = svgPaint(style.color)
  const look = `font-family="${escapeHtml(style.fontFamily)}" font-size="${style.fontSize}" font-weight="${style.fontWeight}" fill="${paint.color}" fill-opacity="${paint.opacity}"`
  const frame = node.parentElement !== null && style.textOverflow === 'ellipsis' ? node.parentElement : null
  const end = frame === null ? Infinity : frame.getBoundingClientRect().right
  return linesOf(node).map((line) => {
    const { text, box } = cutAt(line, end)
    const { x, y, height } = at(box)
    // The box of a text reaches from ascent to descent; letters stand on a line at about four fifths of it.
    return `<text x="${px(x)}" y="${px(y + 0.79 * height)}" textLength="${px(box.width)}" lengthAdjust="spacingAndGlyphs" ${look}>${escapeHtml(text)}</text>`
  })
}

interface TextLine {
  text: string
  box: DOMRect
}

/** A line that ends in dots where the page cuts it, at `end` px of the page. */
function cutAt(line: TextLine, end: number): TextLine {
  const { text, box } = line
  if (box.right <= end + 1) return line
  const width = Math.max(1, end - box.left)
  const letters = Math.max(1, Math.floor((text.length * width) / box.width) - 1)
  return { text: `${text.slice(0, letters)}…`, box: new DOMRect(box.x, box.y, width, box.height) }
}

/** Words of a text node that stand on one line, with the box around them. */
function linesOf(node: Text): TextLine[] {
  const lines: { words: string[]; first: number; last: number; top: number }[] = []
  const range = document.createRange()
  for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index)
    range.setEnd(node, index + word.length)
    const box = range.getBoundingClientRect()
    if (box.width === 0) continue
    const line = lines.at(-1)
    if (line !== undefined && Math.abs(line.top - box.top) < 2) {
      line.words.push(word)
      line.last = index + word.length
    } else lines.push({ words: [word], first: index, last: index + word.length, top: box.top })
  }
  return lines.map(({ words, first, last }) => {
    range.setStart(node, first)
    range.setEnd(node, last)
    return { text: words.join(' '), box: range.getBoundingClientRect() }
  })
}

/** A drawing of the page with the properties that its style sheet gave it. */
function nestedDrawing(drawing: SVGSVGElement, { x, y, width, height }: Place): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement
  const [shown, copied] = [drawing, copy].map((root) => [root, ...root.querySelectorAll('*')])
  for (const [index, element] of shown.entries()) {
    const target = copied[index]
    const style = getComputedStyle(element)
    for (const name of drawnProperties) {
      const value = style.getPropertyValue(name)
      if (value !== '' && value !== 'none') target.setAttribute(name, value)
    }
    for (const name of ['fill', 'stroke'] as const) {
      const paint = svgPaint(style[name])
      const isDrawn = style[name] !== 'none' && paint.opacity > 0
      target.setAttribute(name, isDrawn ? paint.color : 'none')
      if (isDrawn && paint.opacity < 1)
        target.setAttribute(`${name}-opacity`, String(paint.opacity * Number(style[`${name}Opacity`] || 1)))
    }
    target.removeAttribute('class')
    target.removeAttribute('style')
    for (const { name } of [...target.attributes])
      if (name.startsWith('data-') || name.startsWith('aria-')) target.removeAttribute(name)
  }
  for (const [name, value] of Object.entries({ x, y, width, height })) copy.setAttribute(name, px(value))
  return new XMLSerializer().serializeToString(copy)
}

/** A computed colour ("rgb(1, 2, 3)", "rgba(…)", "color(srgb 0.1 0.2 0.3 / 0.4)") as hexadecimal and opacity. */
export function svgPaint(computed: string): SvgPaint {
  const numbers = [...computed.matchAll(/-?[\d.]+(?:e-?\d+)?/g)].map(Number)
  if (numbers.length < 3)
    return {
      color: computed.startsWith('#') ? computed : '#000000',
      opacity: computed === 'transparent' ? 0 : 1
    }
  const scale = computed.startsWith('color(') ? 255 : 1
  const channel = (value: number): string =>
    Math.max(0, Math.min(255, Math.round(scale * value)))
      .toString(16)
      .padStart(2, '0')
  return { color: `#${numbers.slice(0, 3).map(channel).join('')}`, opacity: numbers[3] ?? 1 }
}
