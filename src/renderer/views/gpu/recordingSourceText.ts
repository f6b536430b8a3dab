import type { Recording } from '@shared/contract/gpu'
import { meterName } from '@shared/meterName'

/** Where the power of a recording was read: the meter and its port, or the GPUs by name. */
export const sourceText = ({ meter, gpus }: Pick<Recording, 'meter' | 'gpus'>): string =>
  meter === undefined ? gpus.map(({ name }) => name).join(', ') : meterName(meter)
