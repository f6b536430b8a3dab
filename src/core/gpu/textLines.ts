/** Turns a stream of text chunks into whole lines; keeps the unfinished one for the next chunk. */
export interface TextLines {
  /** Whole lines completed by this chunk, without their line ends. */
  push(chunk: string): string[]
  /** What is left without a line end (a process that died in mid-line leaves one); empties the buffer. */
  rest(): string
}

/** A line beyond `maxLength` characters is cut there and its remainder dropped: memory stays bounded on garbage. */
export function createTextLines(maxLength = 65_536): TextLines {
  let pending = ''
  let overlong = false
  return {
    push(chunk) {
      const lines: string[] = []
      let from = 0
      for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', from)) {
        if (!overlong) pending += chunk.slice(from, at)
        const line = pending.endsWith('\r') ? pending.slice(0, -1) : pending
        lines.push(line.length > maxLength ? line.slice(0, maxLength) : line)
        pending = ''
        overlong = false
        from = at + 1
      }
      if (!overlong) pending += chunk.slice(from)
      if (pending.length > maxLength) {
        pending = pending.slice(0, maxLength)
        overlong = true
      }
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
