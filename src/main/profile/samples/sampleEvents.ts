import type { EmitterOf } from '../../../shared/contract/framework/define'
import type { profileContract, Sample } from '../../../shared/contract/profile'

/** Measured Samples are announced in batches this often. */
const batchMs = 200

/** Announces the Samples of one campaign in batches; `flush` sends what is left. */
export function announceSamples(
  emit: EmitterOf<typeof profileContract>,
  campaignId: string
): { add(sample: Sample): void; flush(): void } {
  let fresh: Sample[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const samples = fresh
    fresh = []
    if (samples.length > 0) emit('profile.measured', { campaignId, samples })
  }
  return {
    flush,
    add(sample) {
      fresh.push(sample)
      timer ??= setTimeout(flush, batchMs)
    }
  }
}
