/** What stands behind a prediction of a layer of which something was never measured: its interval is not calibrated there. */
export function outsideText(outside: readonly string[] | null): string {
  return outside === null || outside.length === 0 ? '' : `  never measured: ${outside.join(', ')}`
}
