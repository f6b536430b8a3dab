import type { MeterAbout } from './contract/meter'

/** Kind of a power meter and where it is, e.g. "PPK2 at /dev/ttyACM0"; lines that were imported are named by their file. */
export const meterName = ({ kind, source }: Pick<MeterAbout, 'kind' | 'source'>): string =>
  `${kind === 'ppk2' ? 'PPK2' : 'Text meter'} at ${source}`
