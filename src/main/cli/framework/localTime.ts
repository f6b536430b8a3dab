const two = (value: number): string => String(value).padStart(2, '0')

/**
 * Date and time as every verb prints them: "2026-11-30 22:10" in the clock of this machine, as the window shows it; such texts
 * sort by time and read the same in every language. `--json` has milliseconds since 1970.
 */
export function localTime(atMs: number): string {
  const at = new Date(atMs)
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`
}
