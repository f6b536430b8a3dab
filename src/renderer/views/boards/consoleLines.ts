import type { ConsoleChunk } from '@shared/contract/board'

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
