import type { RunComparisonJson } from '../contract/run/runComparison'

type Figure = RunComparisonJson['figures'][number]

const isKnown = ({ values, against }: Figure): boolean =>
  values.some((value) => value !== null) || against.some((one) => one !== null)

/**
 * Parts the figures that any run has a value of from the others (a kernel of one board alone), which are named in one sentence; null
 * where there are none.
 */
export function knownFigures(figures: readonly Figure[]): { known: Figure[]; unknownText: string | null } {
  const unknown = figures.filter((figure) => !isKnown(figure)).map(({ name }) => name)
  return {
    known: figures.filter(isKnown),
    unknownText: unknown.length === 0 ? null : `Without values to compare: ${unknown.join(', ')}`
  }
}
