/**
 * How late a mark of a runner arrives: marks carry the runner's own steady clock, and the least difference to this one's that
 * was seen is that of a mark that came at once. A busy host or a full pipe would date phases late otherwise.
 */
export function createMarkDelay(nowMs: () => number): (ns: number | undefined) => number {
  let least = Infinity
  return (ns) => {
    if (ns === undefined) return 0
    const difference = nowMs() - ns / 1e6
    least = Math.min(least, difference)
    return difference - least
  }
}
