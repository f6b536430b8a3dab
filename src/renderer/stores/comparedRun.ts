import type { CommandOutput } from '../client/client'
import type { Run } from '@shared/contract/run'
import { boardPrefix, type ComparedKind } from '@shared/contract/run/runComparison'
import { countOf, formatCount } from '@shared/units'

/** What a table of runs shows: a run, or a board by all its Samples. */
export type ComparedRun = Omit<Run, 'kind'> & { kind: ComparedKind }

type SampleGroup = CommandOutput<'profile.summary'>['groups'][number]

/** Boards that anything was measured on, as rows among runs; dated by their newest Sample. */
export function boardRows(groups: readonly SampleGroup[]): ComparedRun[] {
  return [...new Set(groups.map(({ boardId }) => boardId))].map((boardId) => {
    const own = groups.filter((group) => group.boardId === boardId)
    const newestAtMs = Math.max(...own.map((group) => group.newestAtMs))
    const samples = own.reduce((sum, group) => sum + group.samples, 0)
    return {
      ...{ id: `${boardPrefix}${boardId}`, kind: 'board', name: null, notes: '', tags: [] },
      ...{ title: own[0].boardName, detail: countOf(samples, 'Sample', formatCount) },
      ...{ model: null, board: boardId, dataSet: null, state: 'done' },
      ...{
        startedAtMs: newestAtMs,
        finishedAtMs: newestAtMs,
        jobId: null,
        resumable: false,
        forgotten: false
      },
      ...{ problem: null, imported: null, origin: null }
    } satisfies ComparedRun
  })
}
