import { ink, type Panel } from './charts'
import type { DrawApi } from './drawApi'

/** A panel that says why it is empty. */
export function emptyPanel(title: string, reason: string): Panel {
  const hidden = { type: 'value', min: 0, max: 1, show: false }
  return {
    title,
    x: hidden,
    y: hidden,
    series: [
      {
        type: 'custom',
        data: [[0.5, 0.5]],
        renderItem: (_: unknown, api: DrawApi) => {
          const [x, y] = api.coord([0.5, 0.5])
          return {
            type: 'text',
            style: {
              text: reason,
              x,
              y,
              width: 380,
              overflow: 'break',
              align: 'center',
              verticalAlign: 'middle',
              fontSize: 12,
              lineHeight: 18,
              fill: ink,
              fontFamily: 'DejaVu Sans'
            }
          }
        }
      }
    ]
  }
}
