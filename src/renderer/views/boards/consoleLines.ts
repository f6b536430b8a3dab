import type { ConsoleChunk } from '@shared/contract/board'

/** A line of the console. */
export interface ConsoleLine {
  key: string
  direction: ConsoleChunk['direction']
  text: string
}

/** Bytes in a line of the hex view. */
const bytesPerLine = 16

/** Joins chunks of one direction into lines; a line ends at a newline or where the direction changes. */
export function textLines(chunks: readonly ConsoleChunk[]): ConsoleLine[] {
  const lines: ConsoleLine[] = []
  let open: ConsoleLine | null = null
  for (const { direction, text, sequence } of chunks) {
    if (open !== null && open.direction !== direction) open = null
    const parts = text.replace(/\r\n?/g, '\n').split('\n')
    for (const [index, part] of parts.entries()) {
      if (index > 0 || open === null) {
        open = null
        // What follows the last newline belongs to the next chunk.
        if (part === '' && index === parts.length - 1) break
        open = { key: `${sequence}.${index}`, direction, text: '' }
        lines.push(open)
      }
      open.text += part
    }
    if (direction === 'note') open = null
  }
  return lines
}

/** Sixteen bytes a line in hex with their printable characters, restarted with every chunk. */
export function hexLines(chunks: readonly ConsoleChunk[]): ConsoleLine[] {
  return chunks.flatMap(({ direction, text, hex, sequence }) => {
    if (direction === 'note') return [{ key: `${sequence}`, direction, text }]
    const lines: ConsoleLine[] = []
    for (let at = 0; at < hex.length; at += 2 * bytesPerLine) {
      const bytes = hex.slice(at, at + 2 * bytesPerLine).match(/../g) ?? []
      const characters = bytes
        .map((byte) => Number.parseInt(byte, 16))
        .map((code) => (code >= 32 && code < 127 ? String.fromCharCode(code) : '.'))
        .join('')
      lines.push({
        key: `${sequence}.${at}`,
        direction,
        text: `${bytes.join(' ').padEnd(3 * bytesPerLine)} ${characters}`
      })
    }
    return lines
  })
}

/** Parts of a line around what is searched for; one part without a match. */
export interface LinePart {
  text: string
  isMatch: boolean
}

/**
 * The lines that hold the searched text, each cut at its matches. Letter case does not count. In the hex view a search
 * for bytes (`de ad`, `dead`) finds them also where they run over the end of a line: both lines are shown.
 */
export function findLines(
  lines: readonly ConsoleLine[],
  search: string,
  mode: 'text' | 'hex'
): { line: ConsoleLine; parts: LinePart[] }[] {
  const wanted = search.toLowerCase()
  if (wanted === '') return lines.map((line) => ({ line, parts: [{ text: line.text, isMatch: false }] }))
  const across = mode === 'hex' ? linesWithBytes(lines, wanted) : new Set<string>()
  return lines.flatMap((line) => {
    const parts = splitAt(line.text, wanted)
    return parts.length > 1 || parts[0].isMatch || across.has(line.key) ? [{ line, parts }] : []
  })
}

function splitAt(text: string, wanted: string): LinePart[] {
  const lower = text.toLowerCase()
  const parts: LinePart[] = []
  let from = 0
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), isMatch: false })
    parts.push({ text: text.slice(at, at + wanted.length), isMatch: true })
    from = at + wanted.length
  }
  if (from < text.length || parts.length === 0) parts.push({ text: text.slice(from), isMatch: false })
  return parts
}

/** Keys of hex lines that hold a part of the searched bytes, one direction after another. */
function linesWithBytes(lines: readonly ConsoleLine[], wanted: string): Set<string> {
  const digits = wanted.replace(/\s/g, '')
  const found = new Set<string>()
  if (!/^([0-9a-f]{2})+$/.test(digits)) return found
  for (const direction of ['received', 'sent'] as const) {
    const own = lines.filter((line) => line.direction === direction)
    const starts: number[] = []
    let all = ''
    for (const { text } of own) {
      starts.push(all.length)
      all += text.slice(0, 3 * bytesPerLine).replace(/\s/g, '')
    }
    for (let at = all.indexOf(digits); at >= 0; at = all.indexOf(digits, at + 1)) {
      if (at % 2 !== 0) continue
      for (const [index, { key }] of own.entries()) {
        const end = starts[index + 1] ?? all.length
        if (starts[index] < at + digits.length && end > at) found.add(key)
      }
    }
  }
  return found
}
