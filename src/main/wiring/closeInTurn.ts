/** Closes one after the other; what fails is logged, so that the rest, the data file last, is closed all the same. */
export async function closeInTurn(
  closes: readonly (() => Promise<unknown> | undefined)[],
  log: (text: string) => void
): Promise<void> {
  for (const close of closes) {
    try {
      await close()
    } catch (reason) {
      log(`Closing went on after: ${reason instanceof Error ? reason.message : String(reason)}`)
    }
  }
}
