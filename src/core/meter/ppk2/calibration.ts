import { AppError } from '../../../shared/errors'

/** Ranges of the meter, by the shunt that is switched in. */
export const ppk2Ranges = 5

/** What turns a converter reading of one range into a current; names as in the meter's metadata, lower case. */
export interface Ppk2Range {
  /** Shunt, ohm. */
  readonly r: number
  /** Quadratic gain, 1/A. */
  readonly gs: number
  /** Linear gain. */
  readonly gi: number
  /** Offset of the converter, in counts times four. */
  readonly o: number
  /** Offset that grows with the supply voltage, A/V. */
  readonly s: number
  /** Constant offset, A. */
  readonly i: number
  /** Gain of the user. */
  readonly ug: number
}

/** What the metadata of a PPK2 says. */
export interface Ppk2Metadata {
  readonly ranges: readonly Ppk2Range[]
  readonly hardware: string | null
  /** Voltage that was last set, mV; null where it is not named. */
  readonly vddMv: number | null
  /** False where the meter says that it was never calibrated. */
  readonly calibrated: boolean
  /** Names of factors that the metadata lacks or holds as nan: the nominal ones are used. */
  readonly missing: readonly string[]
}

const nominalOhm = [1031.64, 101.65, 10.15, 0.94, 0.043]
const nominal = { gs: 1, gi: 1, o: 0, s: 0, i: 0, ug: 1 }
const factorNames = ['r', 'gs', 'gi', 'o', 's', 'i', 'ug'] as const

/**
 * Reads the text that a PPK2 sends for its metadata: lines `NAME: VALUE` up to `END`. A factor that is absent, no number, or
 * a shunt of zero keeps its nominal value and is named in `missing`.
 *
 * @throws meter.unreadable where no factor at all is in it
 */
export function readPpk2Metadata(text: string): Ppk2Metadata {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*([A-Za-z]+\d?)\s*:\s*(.*?)\s*$/.exec(line)
    if (found !== null) values.set(found[1].toLowerCase(), found[2])
  }
  const missing: string[] = []
  const factor = (name: (typeof factorNames)[number], range: number): number => {
    const value = Number(values.get(`${name}${range}`) || NaN)
    const usable = Number.isFinite(value) && (name !== 'r' || value > 0)
    if (usable) return value
    missing.push(`${name}${range}`)
    return name === 'r' ? nominalOhm[range] : nominal[name]
  }
  const ranges = Array.from({ length: ppk2Ranges }, (_, range) =>
    Object.fromEntries(factorNames.map((name) => [name, factor(name, range)]))
  ) as unknown as Ppk2Range[]
  if (missing.length === factorNames.length * ppk2Ranges) {
    throw new AppError(
      'meter.unreadable',
      'The metadata holds none of the calibration factors of a PPK2.',
      'Check that the port is the first one of a PPK2, and that no other program has it open.'
    )
  }
  const vdd = Number(values.get('vdd') || NaN)
  return {
    ranges,
    hardware: values.get('hw') ?? null,
    vddMv: Number.isFinite(vdd) ? vdd : null,
    calibrated: values.get('calibrated') !== '0',
    missing
  }
}
