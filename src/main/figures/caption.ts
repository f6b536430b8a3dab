import type { Figure } from './renderFigure'

/** Adds lines of text below a figure. */
export function withCaption(figure: Figure, lines: readonly string[]): Figure {
  if (lines.length === 0) return figure
  const lineHeight = 15
  const wrapped = lines.flatMap((line) => wrap(line, 92))
  const { title } = figure.option as { title: Record<string, unknown>[] }
  return {
    ...figure,
    height: figure.height + lineHeight * wrapped.length + 8,
    option: {
      ...figure.option,
      title: [
        ...title,
        ...wrapped.map((text, at) => ({
          text,
          left: 12,
          top: figure.height + at * lineHeight - 4,
          textStyle: { fontSize: 10, fontWeight: 'normal', color: '#333333' }
        }))
      ]
    }
  }
}

function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1]
    if (last !== '' && last.length + word.length + 1 > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
