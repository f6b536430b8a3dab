/** Two days in a row; longer steps are named by their date alone. */
const daySeconds = 86_400

const dayOf = (second: number): string =>
  new Date(second * 1000).toLocaleDateString(undefined, { dateStyle: 'short' })

/** Decimals of a second that tell ticks `stepS` seconds apart from each other, at most 3. */
function decimalsOf(stepS: number): number {
  const exact = [0, 1, 2].find((digits) => {
    const steps = stepS * 10 ** digits
    return Math.abs(steps - Math.round(steps)) < 1e-6
  })
  return exact ?? 3
}

/** Time of day in the user's own format, with as many decimals of a second as a step of `stepS` seconds needs. */
function timeOfDay(second: number, stepS: number): string {
  const digits = decimalsOf(stepS)
  return new Date(Math.round(second * 1000)).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    ...(stepS < 60 ? { second: '2-digit' } : {}),
    ...(digits > 0 ? { fractionalSecondDigits: digits as 1 | 2 | 3 } : {})
  })
}

/**
 * Texts of ticks on an axis of times of day: `ticks` in seconds since 1970, `stepS` apart. The first tick, and the first
 * of every day, also has its date on a second line.
 */
export function clockTicks(ticks: readonly number[], stepS: number): string[] {
  return ticks.map((tick, at) => {
    const day = dayOf(tick)
    if (stepS >= daySeconds) return day
    const isNewDay = at === 0 || day !== dayOf(ticks.at(at - 1) ?? tick)
    return isNewDay ? `${timeOfDay(tick, stepS)}\n${day}` : timeOfDay(tick, stepS)
  })
}

/** A text as long as those of the ticks of a span of `spanS` seconds: none is nearer to the next than it is wide. */
export function longestTick(atS: number, spanS: number): string {
  return timeOfDay(atS, spanS > 1800 ? 60 : spanS > 40 ? 1 : spanS > 2 ? 0.01 : 0.001)
}

/** Date and time of a reading, to the millisecond. */
export const clockTime = (second: number): string => `${dayOf(second)} ${timeOfDay(second, 0.001)}`
