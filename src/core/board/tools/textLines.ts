/** Longest unfinished line that is kept; a program that never ends its line must not fill the memory. */
const maxLineLength = 16_384

/** Splits the output of a tool into lines as pieces arrive; progress bars end with a carriage return. */
export interface ToolLines {
  /** Whole lines that this piece of text completes, without their ends. */
  push(text: string): string[]
  /** What is left without a line end; empty when nothing is. */
  rest(): string
}

/**
 * Cuts a program's output into lines. A carriage return ends a line as a newline does: progress bars redraw
 * themselves with it and would otherwise arrive as one line at the very end.
 */
export function createToolLines(): ToolLines {
  let open = ''
  return {
    push(text) {
      const parts = (open + text).split(/\r\n|\r|\n/)
      open = (parts.pop() ?? '').slice(-maxLineLength)
      return parts
    },
    rest: () => open
  }
}
