/** Least and most that a pane can measure, in the unit of its size. */
export interface PaneRange {
  readonly min: number
  readonly max: number
}

/** Returns a size within a range; where the range is empty its lower end has precedence. */
export function withinRange(size: number, { min, max }: PaneRange): number {
  return Math.max(min, Math.min(max, size))
}

/** Shares of the left column, in percent, that leave both columns their least width; equal ends where there is no choice. */
export function columnRange(widthPx: number, leftPx: number, rightPx = leftPx): PaneRange {
  const min = Math.ceil((100 * leftPx) / widthPx)
  const max = 100 - Math.ceil((100 * rightPx) / widthPx)
  if (min <= max) return { min, max }
  const only = Math.round((100 * leftPx) / (leftPx + rightPx))
  return { min: only, max: only }
}

/** Steps of the keyboard as multiples of the small step; Shift takes the large one. */
const largeStep = 5

/**
 * The size after a key on a separator, by the pattern of a window splitter (ARIA authoring practices); null resets it,
 * undefined: the key means nothing here. `grows`: forward where the right or lower arrow makes the pane larger.
 */
export function sizeAfterKey(
  { key, shiftKey }: Pick<KeyboardEvent, 'key' | 'shiftKey'>,
  now: { size: number; step: number; range: PaneRange; isVertical: boolean; grows: 'forward' | 'backward' }
): number | null | undefined {
  const { size, step, range, isVertical, grows } = now
  const sign = grows === 'forward' ? 1 : -1
  const [less, more] = isVertical ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown']
  const by = step * (shiftKey ? largeStep : 1) * sign
  if (key === less) return withinRange(size - by, range)
  if (key === more) return withinRange(size + by, range)
  if (key === 'Home') return range.min
  if (key === 'End') return range.max
  return key === 'Enter' ? null : undefined
}
