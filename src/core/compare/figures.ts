import type { RunComparisonJson } from '../../shared/contract/run/runComparison'

/** What is compared of runs of one kind; ids and titles are added by the caller. */
export type RunFigures = Omit<RunComparisonJson, 'kind' | 'runs'>

/** One figure of every run. */
export type RunFigure = RunFigures['figures'][number]

/** A difference or ratio with its 95 % interval, which what was found once has none of. */
export type RunDifference = NonNullable<RunFigure['against'][number]>

/** Every run against the first, where both have a figure. */
export function differences<R>(
  runs: readonly R[],
  of: (a: R, b: R) => RunDifference | null
): (RunDifference | null)[] {
  return runs.map((run, index) => (index === 0 ? null : of(runs[0], run)))
}

/** A figure that was found once in every run: its differences and ratios have no interval. A ratio to 0 is left out. */
export const singleFigure = (
  name: string,
  unit: string,
  values: (number | null)[],
  how: 'difference' | 'ratio' = 'difference'
): RunFigure => ({
  ...{ name, unit, values, how },
  against: differences(values, (a, b) => {
    if (a === null || b === null || (how === 'ratio' && a === 0)) return null
    return { value: how === 'ratio' ? b / a : b - a, low: null, high: null }
  })
})

/** A figure that is shown and not compared. */
export const plainFigure = (name: string, unit: string, values: (number | null)[]): RunFigure => ({
  ...{ name, unit, values, against: values.map(() => null), how: null }
})

/** Rows of text by their names: what each line says of every run. */
export const textRows = <R>(
  runs: readonly R[],
  lines: readonly (readonly [name: string, of: (run: R) => string])[]
): RunFigures['rows'] => lines.map(([name, of]) => ({ name, cells: runs.map(of) }))

/** True when all runs have the same value. */
export const agree = <R>(runs: readonly R[], of: (run: R) => unknown): boolean =>
  runs.every((run) => of(run) === of(runs[0]))
