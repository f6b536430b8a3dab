/**
 * Width of text in DejaVu Sans, px, from its mean widths per em. Without a display ECharts assumes a narrower font, and
 * words of a legend would touch.
 */
export function textWidth(text: string, size: number): number {
  let em = 0
  for (const letter of text)
    em += /[ilj.,:;'|!()[\]ft\s]/.test(letter) ? 0.36 : /[mwMW%@]/.test(letter) ? 0.92 : 0.63
  return em * size
}
