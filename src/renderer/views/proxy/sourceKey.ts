import type { SampleSet } from '@shared/contract/proxy'

/** Distinguishes sample sets in lists. */
export const sourceKey = ({ source, kernel }: Pick<SampleSet, 'source' | 'kernel'>): string =>
  `${kernel} ${source.kind === 'board' ? `${source.boardId} ${source.quantity ?? 'latency'}` : source.paths.join(' ')}`
