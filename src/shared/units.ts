/**
 * Formatting of quantities. Values carry their unit in their name (latencyUs, powerMw, energyMj, sizeBytes,
 * cycles); only the screen and the console turn them into text, here and nowhere else.
 */

/** Shown instead of a number that could not be had. Never 0. */
export const unavailable = '–'

const siSteps: readonly [number, string][] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, '']
]

/** 3 significant digits with an SI prefix: 1_234_000 -> "1.23 M". */
export function formatCount(value: number | null | undefined, unit = ''): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return unavailable
  const magnitude = Math.abs(value)
  for (const [step, prefix] of siSteps) {
    if (magnitude >= step) return `${trimDigits(value / step)} ${prefix}${unit}`.trimEnd()
  }
  return `${trimDigits(value)} ${unit}`.trimEnd()
}

/** Units whose symbol takes the SI prefix: "1.3 kJ", never "1.3 k J". */
const prefixedSymbols: ReadonlySet<string> = new Set([
  'J',
  'W',
  'Wh',
  'Hz',
  's',
  'B/s',
  'V',
  'A',
  'C',
  'FLOP'
])
/** Units that have their prefix already, or take none: the number stays plain. */
const plainSymbols: ReadonlySet<string> = new Set([
  'MHz',
  'mW',
  'mJ',
  'mA',
  'mC',
  'ms',
  'us',
  'µs',
  'ns',
  '%',
  '°C'
])

/**
 * 3 significant digits with their unit: 1_234_000 "cycles" -> "1.23 M cycles", 1_300 "J" -> "1.3 kJ", 1_410 "MHz" ->
 * "1410 MHz".
 */
export function formatAmount(value: number | null | undefined, unit: string): string {
  if (prefixedSymbols.has(unit)) return formatCount(value, unit)
  if (unit === 'nJ') return formatNanojoules(value)
  if (value === null || value === undefined || !Number.isFinite(value)) return unavailable
  if (plainSymbols.has(unit)) return `${trimDigits(value)} ${unit}`
  return `${formatCount(value)} ${unit}`.trimEnd()
}

/** An energy of one call of a kernel or one inference: 1_300 -> "1.3 µJ". */
function formatNanojoules(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return unavailable
  const magnitude = Math.abs(value)
  if (magnitude < 1e3) return `${trimDigits(value)} nJ`
  if (magnitude < 1e6) return `${trimDigits(value / 1e3)} µJ`
  return magnitude < 1e9 ? `${trimDigits(value / 1e6)} mJ` : formatCount(value / 1e9, 'J')
}

/**
 * How many of something: "1 row", "0 rows", "12 boxes", "10,000 items".
 * @param format the number's text; every digit, in groups, without
 */
export function countOf(
  count: number | null | undefined,
  noun: string,
  format: (count: number) => string = formatWhole
): string {
  const ending = count === 1 ? '' : /(?:s|x|ch|sh)$/.test(noun) ? 'es' : 's'
  return `${count === null || count === undefined ? unavailable : format(count)} ${noun}${ending}`
}

/** Every digit of a whole number, in groups: 1234567 -> "1,234,567". */
export function formatWhole(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return unavailable
  return Math.round(value).toLocaleString('en')
}

/** Binary prefixes: 2048 -> "2 KiB". */
export function formatBytes(sizeBytes: number | null | undefined): string {
  if (sizeBytes === null || sizeBytes === undefined || !Number.isFinite(sizeBytes)) return unavailable
  if (Math.abs(sizeBytes) < 1024) return `${Math.round(sizeBytes)} B`
  if (Math.abs(sizeBytes) < 1024 ** 2) return `${trimDigits(sizeBytes / 1024)} KiB`
  if (Math.abs(sizeBytes) < 1024 ** 3) return `${trimDigits(sizeBytes / 1024 ** 2)} MiB`
  return `${trimDigits(sizeBytes / 1024 ** 3)} GiB`
}

/** A duration in milliseconds: "350 ms", "4.2 s", "3 min 05 s", "1 h 02 min". */
export function formatDuration(durationMs: number | null | undefined): string {
  if (durationMs === null || durationMs === undefined || !Number.isFinite(durationMs)) return unavailable
  if (durationMs < 1) return `${trimDigits(durationMs * 1000)} µs`
  if (durationMs < 1000) return `${trimDigits(durationMs)} ms`
  const seconds = durationMs / 1000
  if (seconds < 60) return `${trimDigits(seconds)} s`
  const wholeMinutes = Math.floor(seconds / 60)
  const restSeconds = Math.floor(seconds % 60)
  if (wholeMinutes < 60) return `${wholeMinutes} min ${String(restSeconds).padStart(2, '0')} s`
  return `${Math.floor(wholeMinutes / 60)} h ${String(wholeMinutes % 60).padStart(2, '0')} min`
}

/**
 * Time left of running work, which is never known to a part of a second: 4650 -> "5 s", below 1 s "less than 1 s"; longer ones as
 * durations.
 */
export function formatTimeLeft(remainingMs: number | null | undefined): string {
  if (remainingMs === null || remainingMs === undefined || !Number.isFinite(remainingMs)) return unavailable
  return remainingMs < 1000 ? 'less than 1 s' : formatDuration(1000 * Math.round(remainingMs / 1000))
}

/** A fraction as a percentage: 0.8732 -> "87.3 %". */
export function formatPercent(fraction: number | null | undefined, digits = 1): string {
  return formatPercentValue(fraction === null || fraction === undefined ? null : fraction * 100, digits)
}

/** A number that is in percent already: 87.32 -> "87.3 %". */
export function formatPercentValue(percent: number | null | undefined, digits = 1): string {
  if (percent === null || percent === undefined || !Number.isFinite(percent)) return unavailable
  return `${percent.toFixed(digits)} %`
}

/** An error in percent: two digits after the point below 10 %, one from there on. */
export function formatErrorPercent(percent: number | null | undefined): string {
  return formatPercentValue(percent, (percent ?? 0) < 10 ? 2 : 1)
}

/** A loss: four digits after the point (`digits`), or two digits and a power of ten where these would show hardly more than zeros. */
export function formatLoss(loss: number | null | undefined, digits = 4): string {
  if (loss === null || loss === undefined || !Number.isFinite(loss)) return unavailable
  const isSmall = loss !== 0 && Math.abs(loss) < 10 ** (1 - digits)
  return isSmall ? loss.toExponential(1) : loss.toFixed(digits)
}

/** Date and time in the user's own format. */
export function formatDateTime(atMs: number): string {
  return new Date(atMs).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' })
}

/** A number of no unit with three significant digits, without zeros at the end: 0.0012345 -> "0.00123". */
export function fewDigits(value: number): string {
  return String(Number(value.toPrecision(3)))
}

/** A number of no unit with `digits` significant digits, zeros at the end kept, never in powers of ten: 1012 -> "1012". */
export function fixedDigits(value: number, digits = 3): string {
  return Math.abs(value) >= 10 ** (digits - 1) ? value.toFixed(0) : value.toPrecision(digits)
}

/** A 32-bit word, an address or a checksum: 4096 -> "0x00001000". Negative numbers are the words of their bits. */
export function formatHex32(value: number): string {
  return `0x${unsigned(value).toString(16).padStart(8, '0')}`
}

/** A whole number without leading zeros, e.g. an address in a sentence: 4096 -> "0x1000". Negative: as formatHex32. */
export function formatHex(value: number): string {
  return `0x${unsigned(value).toString(16)}`
}

const unsigned = (value: number): number => (value < 0 ? value >>> 0 : value)

function trimDigits(value: number): string {
  const magnitude = Math.abs(value)
  if (Number.isInteger(value) && magnitude < 10_000) return String(value)
  // Decimals alone would make a small amount 0, which is never shown for what was measured.
  if (magnitude < 1) return fewDigits(value)
  const digits = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2
  return String(Number(value.toFixed(digits)))
}
