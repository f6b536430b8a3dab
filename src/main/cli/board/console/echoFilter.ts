/**
 * Takes the echo of a typed line out of what a board sends: the terminal has shown the line while it was edited. Whatever
 * differs from the line is passed on whole.
 */
export class EchoFilter {
  private expected = ''
  /** What was taken out so far of the echo that is expected. */
  private taken = ''

  /** A line was sent; its echo, if the board makes one, comes next. */
  expect(line: string): void {
    this.expected = line
    this.taken = ''
  }

  /** Returns the text without the echo, which may arrive in pieces. */
  pass(text: string): string {
    let at = 0
    while (at < text.length && this.taken.length < this.expected.length) {
      if (text[at] !== this.expected[this.taken.length]) return this.giveUp() + text.slice(at)
      this.taken += text[at++]
    }
    if (this.expected === '' || at === text.length) return text.slice(at)
    this.expected = ''
    // The line's end was shown too.
    return text.slice(at).replace(/^\r*\n/, '')
  }

  private giveUp(): string {
    const { taken } = this
    this.expected = ''
    this.taken = ''
    return taken
  }
}
