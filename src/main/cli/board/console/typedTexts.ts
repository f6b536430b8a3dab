/** Texts on their way to a board, one after the other in the order in which they were typed. */
export class TypedTexts {
  /** Texts that have not reached the board yet. */
  waiting = 0
  private last: Promise<void> = Promise.resolve()

  /** @param failed why a text did not reach the board; those behind it are sent all the same */
  constructor(
    private readonly deps: {
      send(text: string): Promise<unknown>
      failed(error: unknown): void
      signal: AbortSignal
    }
  ) {}

  /** Settles when this text was sent, has failed, or is left out because the command was ended. */
  add(text: string): Promise<void> {
    const { send, failed, signal } = this.deps
    this.waiting++
    this.last = this.last
      .then(() => (signal.aborted ? undefined : send(text)))
      .then(() => undefined, failed)
      .finally(() => this.waiting--)
    return this.last
  }

  /** Settles when all texts so far have. */
  settled(): Promise<void> {
    return this.last
  }
}
