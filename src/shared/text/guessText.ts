import { formatPercent } from '../units'

/** Fewer items say nothing of a share. */
const fewItems = 20

/** A judged network: metrics by name, right items (null where none are counted), items judged. */
interface Judged {
  metrics: Readonly<Record<string, number>>
  correct: number | null
  images: number
}

/**
 * What to look at when the float network is right no more often than guessing among its classes would be (within two standard
 * deviations of the binomial distribution): most often the items are prepared in another way than in its training. Null where it
 * is better, the items are too few to say, or it is not judged by its accuracy.
 */
export function guessText({ metrics, correct, images: items }: Judged, classes: number): string | null {
  if (metrics['accuracy'] === undefined || correct === null) return null
  if (classes < 2 || items < fewItems) return null
  const share = 1 / classes
  if (correct > items * share + 2 * Math.sqrt(items * share * (1 - share))) return null
  return (
    `In float the network is right about as often as guessing among ${classes} classes (${formatPercent(share)}). ` +
    'If it was trained on such items, check their scale, mean, colours and axes, and the order of the classes.'
  )
}
