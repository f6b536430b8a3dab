/** Turns a stream of text chunks into whole lines; keeps the unfinished one for the next chunk. */
export interface TextLines {
  /** Whole lines completed by this chunk, without their line ends. */
  push(chunk: string): string[]
  /** What is left without a line end (a process that was killed in mid-line leaves one); empties the buffer. */
  rest(): string
}

/** How lines are cut. */
export interface LineRules {
  /** A line beyond so many characters is cut there and its remainder dropped: memory stays bounded on garbage. */
  readonly maxLength?: number
  /**
   * Whether a carriage return ends a line as a newline does. Progress bars redraw themselves with it and would otherwise
   * arrive as one line at the very end.
   */
  readonly carriageReturnEnds?: boolean
}

/** Splits text into lines as its chunks arrive; "\n" and "\r\n" end a line. */
export function createTextLines({
  maxLength = 65_536,
  carriageReturnEnds = false
}: LineRules = {}): TextLines {
  let pending = ''
  let overlong = false
  /** The last chunk ended with a carriage return that ended a line; a newline right after it belongs to it. */
  let isAfterReturn = false

  const lineEnd = (chunk: string, from: number): number => {
    if (!carriageReturnEnds) return chunk.indexOf('\n', from)
    const ends = /[\r\n]/g
    ends.lastIndex = from
    return ends.exec(chunk)?.index ?? -1
  }
  const completed = (text: string): string => {
    const whole = overlong ? pending : pending + text
    pending = ''
    overlong = false
    const line = whole.endsWith('\r') ? whole.slice(0, -1) : whole
    return line.length > maxLength ? line.slice(0, maxLength) : line
  }
  const keep = (text: string): void => {
    if (!overlong) pending += text
    if (pending.length <= maxLength) return
    pending = pending.slice(0, maxLength)
    overlong = true
  }

  return {
    push(chunk) {
      const lines: string[] = []
      let from = isAfterReturn && chunk.startsWith('\n') ? 1 : 0
      if (chunk !== '') isAfterReturn = false
      for (let at = lineEnd(chunk, from); at >= 0; at = lineEnd(chunk, from)) {
        lines.push(completed(chunk.slice(from, at)))
        from = at + 1
        if (chunk[at] !== '\r') continue
        if (from === chunk.length) isAfterReturn = true
        else if (chunk[from] === '\n') from++
      }
      keep(chunk.slice(from))
      return lines
    },
    rest() {
      const left = pending
      pending = ''
      overlong = false
      return left
    }
  }
}
