import { isProxyKernel, requireProxyKernel } from '../../../core/kernel/spec'
import type { SampleTable } from '../../../core/proxy/samples'
import { AppError } from '../../../shared/errors'
import type { ProxyKernelName, Quantity, TimeUnit } from '../../../shared/vocabulary'
import type { ProfileService } from '../profileService'

/** What was measured on boards, as sets that proxies are fitted to: one per board, kernel and unit. */
export interface BoardSampleSets {
  list(): Promise<
    {
      boardId: string
      boardName: string
      kernel: ProxyKernelName
      unit: TimeUnit
      rows: number
      shapes: number
    }[]
  >
  /** @throws proxy.tooFewSamples when nothing of this kernel was measured on the board */
  load(boardId: string, kernel: ProxyKernelName, quantity: Quantity): Promise<SampleTable>
}

/** Returns what was measured on boards as sets of samples for fits. */
export function createBoardSamples(
  profile: Pick<ProfileService, 'handlers' | 'fitSamples'>
): BoardSampleSets {
  return {
    async list() {
      const { groups } = await profile.handlers['profile.summary'](
        {},
        { signal: new AbortController().signal }
      )
      return groups
        .filter((group) => isProxyKernel(group.kernel))
        .map(({ boardId, boardName, kernel, unit, samples, shapes }) => ({
          boardId,
          boardName,
          kernel: requireProxyKernel(kernel),
          unit,
          rows: samples,
          shapes
        }))
    },
    async load(boardId, kernel, quantity) {
      const measured = await profile.fitSamples(boardId, kernel, quantity)
      if (measured !== null) return measured
      throw new AppError(
        'proxy.tooFewSamples',
        `${quantity === 'energy' ? 'No energy' : 'Nothing'} was measured yet for ${kernel} on ${boardId}.`,
        `Run a profile campaign ${quantity === 'energy' ? 'with a power meter ' : ''}on the Profile page first.`
      )
    }
  }
}
