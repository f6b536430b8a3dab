/** Waits until something holds. @throws Error where it does not within two minutes */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + 120_000; !(await holds());) {
    if (performance.now() > endMs) throw new Error(`does not hold: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
