/**
 * A coordinator with places for tests: `rack1` (alias `first`) with one serial line that opens when the place is acquired,
 * `rack2` with two lines `a` and `b` that are always open, `empty` without one. All lines send back what they get.
 */
export interface LabServer {
  readonly address: string
  /** Acquires a place as another user, HOST/USER. */
  acquireAs(user: string, place: string): Promise<void>
  /** Releases a place whoever holds it, as labgrid-client release --kick does. */
  kick(place: string): Promise<void>
  /** HOST/USER; null: free. */
  holderOf(place: string): Promise<string | null>
  /** Ends it; places stay, but it forgets who acquired them within the last 15 s. */
  halt(): Promise<void>
  /** Starts it again on the same port. */
  restart(): Promise<void>
  stop(): Promise<void>
}
