import type { RunComparisonJson } from '../../../shared/contract/run/runComparison'
import { knownFigures } from '../../../shared/text/comparedFigures'
import { runLetter } from '../../../shared/text/runText'
import { localTime } from '../framework/localTime'

type Figure = RunComparisonJson['figures'][number]

const number = (value: number | null): string => (value === null ? '–' : String(Number(value.toPrecision(5))))

/**
 * A comparison for a terminal: every run by letter, figures with their intervals, then texts by layer. Figures of which no run has a
 * value (a kernel of one board alone) are named together.
 */
export function comparisonText({ runs, notes, figures, rows }: RunComparisonJson): string {
  const letters = runs.map((_, index) => runLetter(index))
  const { known, unknownText } = knownFigures(figures)
  const texts = [
    ...runs.map(
      ({ id, title, startedAtMs }, index) => `${letters[index]}  ${id}  ${localTime(startedAtMs)}  ${title}`
    ),
    '',
    ...known.map((figure) => figureText(figure, letters)),
    ...(unknownText === null ? [] : [unknownText]),
    ...(rows.length === 0 ? [] : ['']),
    ...rows.map(({ name, cells }) =>
      `${name.padEnd(24)} ${cells.map((cell) => (cell || '–').padEnd(18)).join(' ')}`.trimEnd()
    ),
    ...notes
  ]
  return texts.join('\n')
}

function figureText({ name, unit, values, against, how }: Figure, letters: readonly string[]): string {
  const own = values.map((value, index) => `${letters[index]} ${number(value)}`).join('  ')
  const compared = against.flatMap((one, index) =>
    one === null
      ? []
      : [
          `${letters[index]}${how === 'ratio' ? '/' : ' - '}A ${number(one.value)}${one.low === null ? '' : ` [${number(one.low)}, ${number(one.high)}]`}`
        ]
  )
  return [`${name}${unit === '' ? '' : ` (${unit})`}: ${own}`, ...compared].join('; ')
}
