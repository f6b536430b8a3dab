import { AppError } from '../../../shared/errors'

/** First bytes of commands to a PPK2. */
export const ppk2Opcodes = {
  averageStart: 0x06,
  averageStop: 0x07,
  deviceRunning: 0x0c,
  regulator: 0x0d,
  powerMode: 0x11,
  metadata: 0x19,
  reset: 0x20
} as const

/** As an ampere meter it sits in a supply of others; as a source it supplies the board itself. */
export type Ppk2Mode = 'ampere' | 'source'

/** Supply voltages of a PPK2, mV. */
export const ppk2VoltageMv = { min: 800, max: 5000 } as const
/** Readings per second, and the time of one in ms. */
export const ppk2Hz = 100_000
/** Time between two readings, ms. */
export const ppk2StepMs = 1000 / ppk2Hz
/** Volts per count of four: reference 1.8 V over 163,840. */
export const ppk2VoltsPerCount = 1.8 / 163_840

/** Bytes of every command that is sent. */
export const ppk2Commands = {
  metadata: (): number[] => [ppk2Opcodes.metadata],
  start: (): number[] => [ppk2Opcodes.averageStart],
  stop: (): number[] => [ppk2Opcodes.averageStop],
  mode: (mode: Ppk2Mode): number[] => [ppk2Opcodes.powerMode, mode === 'source' ? 2 : 1],
  /** Switches the supply of the board on or off. */
  supply: (on: boolean): number[] => [ppk2Opcodes.deviceRunning, on ? 1 : 0],
  /**
   * Supply voltage, which ampere mode needs as well: the offset of the lower ranges grows with it. The two bytes are the
   * millivolts, big-endian.
   *
   * @throws input.invalid outside 800 to 5000 mV or for a part of a millivolt
   */
  voltage(millivolts: number): number[] {
    const { min, max } = ppk2VoltageMv
    if (!Number.isInteger(millivolts) || millivolts < min || millivolts > max) {
      throw new AppError(
        'input.invalid',
        `A PPK2 cannot be set to ${millivolts} mV.`,
        `Give a voltage of ${min / 1000} to ${max / 1000} V in steps of 1 mV.`
      )
    }
    return [ppk2Opcodes.regulator, millivolts >> 8, millivolts & 0xff]
  }
} as const
