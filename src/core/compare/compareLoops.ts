import type { Deployment } from '../../shared/contract/deploy'
import type { Loop } from '../../shared/contract/loop'
import type { Sample } from '../../shared/contract/profile'
import type { Search } from '../../shared/contract/search'
import { budgetText } from '../../shared/text/costText'
import { compareProxies, type ComparedProxy } from './compareProxies'
import { compareCampaigns, compareDeployments, compareSearches } from './compareRuns'
import { agree, singleFigure, textRows, type RunFigures } from './figures'

/** A guided loop with what its steps made; null and empty where a step did not come so far or its run was deleted. */
export interface ComparedLoop {
  readonly loop: Loop
  readonly samples: readonly Sample[] | null
  /** In the order of `loop.proxies`. */
  readonly proxies: readonly (ComparedProxy | null)[]
  readonly search: Search | null
  readonly deployment: Deployment | null
}

/** Guided loops: time of every step, then what each step made as runs of its kind are compared. */
export function compareLoops(loops: readonly ComparedLoop[]): RunFigures {
  const parts: [string, RunFigures | null][] = [
    ['Deploy', whereAll(loops, ({ deployment }) => deployment, compareDeployments)],
    ['Search', whereAll(loops, ({ search }) => search, compareSearches)],
    ...kernelsOf(loops).map((kernel): [string, RunFigures | null] => [
      `Fit of ${kernel}`,
      whereAll(loops, (one) => proxyOf(one, kernel), compareProxies)
    ]),
    ['Profile', whereAll(loops, ({ samples }) => samples, compareCampaigns)]
  ]
  const made = parts.flatMap(([name, part]) => (part === null ? [] : [{ name, part }]))
  const missing = parts.flatMap(([name, part]) => (part === null ? [name] : []))
  return {
    notes: [
      ...(missing.length === 0 ? [] : [`Not compared, as not all of them have it: ${missing.join(', ')}.`]),
      ...made.flatMap(({ name, part }) => part.notes.map((note) => `${name}: ${note}`))
    ],
    figures: [
      ...made.flatMap(({ name, part }) =>
        part.figures.map((figure) => ({ ...figure, name: `${name}: ${figure.name}` }))
      ),
      ...stepTimes(loops)
    ],
    rows: [
      ...settingRows(loops),
      ...made.flatMap(({ name, part }) => part.rows.map((row) => ({ ...row, name: `${name}: ${row.name}` })))
    ],
    curves: made.flatMap(({ part }) => part.curves)
  }
}

/** Compares what all loops have; null where one has none. */
function whereAll<R>(
  loops: readonly ComparedLoop[],
  of: (loop: ComparedLoop) => R | null,
  compare: (found: R[]) => RunFigures
): RunFigures | null {
  const found = loops.map(of).filter((one) => one !== null)
  return found.length === loops.length ? compare(found) : null
}

/** Kernels that any of the loops fitted a proxy of. */
const kernelsOf = (loops: readonly ComparedLoop[]): string[] => [
  ...new Set(loops.flatMap(({ loop }) => loop.proxies.map(({ kernel }) => kernel)))
]

function proxyOf({ loop, proxies }: ComparedLoop, kernel: string): ComparedProxy | null {
  const index = loop.proxies.findIndex((one) => one.kernel === kernel)
  return index < 0 ? null : (proxies[index] ?? null)
}

/** Seconds of every step that one of them finished; of a step without work of its own nothing is learned. */
function stepTimes(loops: readonly ComparedLoop[]): RunFigures['figures'] {
  const ids = [...new Set(loops.flatMap(({ loop }) => loop.steps.map(({ id }) => id)))]
  const seconds = ({ loop }: ComparedLoop, id: string): number | null => {
    const step = loop.steps.find((one) => one.id === id)
    if (step?.state !== 'done' || step.startedAtMs === null || step.finishedAtMs === null) return null
    return (step.finishedAtMs - step.startedAtMs) / 1000
  }
  return ids
    .map((id) =>
      singleFigure(
        `Time of the step ${id}`,
        's',
        loops.map((one) => seconds(one, id))
      )
    )
    .filter(({ values }) => values.some((value) => value !== null))
}

/** Settings of each loop. */
function settingRows(compared: readonly ComparedLoop[]): RunFigures['rows'] {
  const loops = compared.map(({ loop }) => loop)
  return textRows(loops, [
    ['board', ({ board, request }) => board?.name ?? request.boardId],
    ['estimator', ({ request }) => request.estimator],
    ['shapes around those of the network', ({ request }) => String(request.spaceFilling)],
    ['budget', ({ request }) => budgetText(request.budgetRatio)],
    ['evaluations', ({ request }) => String(request.evaluations)],
    ['test images', ({ request }) => String(request.images)],
    ['seed', ({ request }) => String(request.seed)],
    ...(agree(loops, ({ state }) => state) ? [] : [['state', ({ state }: Loop) => state] as const])
  ])
}
