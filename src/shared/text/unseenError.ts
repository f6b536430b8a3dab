import { formatPercentValue } from '../units'

/** The error of a proxy on shapes that its fit did not see, MAPE in percent; null: there was a single shape. */
export function unseenErrorText(unseenShapeMape: number | null): string {
  return unseenShapeMape === null
    ? 'error on unseen shapes not known'
    : `${formatPercentValue(unseenShapeMape, 1)} off on unseen shapes`
}
