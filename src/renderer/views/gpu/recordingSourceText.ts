import type { Recording } from '@shared/contract/gpu'
import { meterName } from '@shared/meterName'

/** Where the power of a recording was read: the meter and its port, or the GPUs by name. */
export function sourceText({ meter, gpus }: Pick<Recording, 'meter' | 'gpus'>): string {
  if (meter !== undefined) return meterName(meter)
  const counts = new Map<string, number>()
  for (const { name } of gpus) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} x ${name}`)).join(', ')
}
