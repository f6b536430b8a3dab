/** Waits until something holds. @throws Error where it does not within 100 s */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + 100_000; !(await holds());) {
    if (performance.now() > endMs) throw new Error(`does not hold: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
