/**
 * Takes the echo of a typed line out of what a board sends: the terminal has shown the line while it was edited. Whatever
 * differs from the line is passed on whole.
 */
export class EchoFilter {
  private expected = ''
  /** How many characters of the expected echo were taken out so far. */
  private taken = 0

  /** A line was sent; its echo, if the board makes one, comes next. */
  expect(line: string): void {
    this.expected = line
    this.taken = 0
  }

  /** Returns the text without the echo, which may arrive in pieces. */
  pass(text: string): string {
    let at = 0
    for (; at < text.length && this.taken < this.expected.length; at++) {
      if (text[at] !== this.expected[this.taken]) return this.giveUp() + text.slice(at)
      this.taken++
    }
    if (this.expected === '' || at === text.length) return text.slice(at)
    this.expected = ''
    // The line's end was shown too.
    return text.slice(at).replace(/^\r*\n/, '')
  }

  private giveUp(): string {
    const taken = this.expected.slice(0, this.taken)
    this.expect('')
    return taken
  }
}
