import { axisStyle, ink, type Panel } from './charts'
import type { DrawApi } from './drawApi'

/** Square matrix from -1 (orange) over 0 (white) to 1 (blue), the value and a second line in each cell. */
export function correlationPanel(
  title: string,
  names: readonly string[],
  cells: readonly { row: number; column: number; value: number | null; note: string }[]
): Panel {
  const axis = {
    type: 'category',
    data: names,
    axisLabel: { ...axisStyle.axisLabel, interval: 0, hideOverlap: false, fontSize: 9 },
    splitLine: { show: false },
    axisTick: { show: false }
  }
  return {
    title,
    x: { ...axis, axisLabel: { ...axis.axisLabel, rotate: 40 } },
    y: { ...axis, inverse: true },
    series: [
      {
        type: 'custom',
        data: cells.map((cell) => [cell.column, cell.row]),
        encode: { x: 0, y: 1 },
        renderItem: (params: { dataIndex: number }, api: DrawApi) => {
          const { value, note } = cells[params.dataIndex]
          const [x, y] = api.coord([api.value(0), api.value(1)])
          const [width, height] = api.size([1, 1])
          const text = (content: string, dy: number, fontSize: number, color: string) => ({
            type: 'text',
            style: {
              text: content,
              x,
              y: y + dy,
              fontSize,
              fill: color,
              align: 'center',
              verticalAlign: 'middle',
              fontFamily: 'DejaVu Sans'
            }
          })
          const color = value !== null && Math.abs(value) > 0.65 ? '#ffffff' : ink
          return {
            type: 'group',
            children: [
              {
                type: 'rect',
                shape: {
                  x: x - width / 2 + 0.5,
                  y: y - height / 2 + 0.5,
                  width: width - 1,
                  height: height - 1
                },
                style: { fill: correlationColor(value) }
              },
              text(value === null ? '–' : value.toFixed(2), note === '' ? 0 : -5, 10, color),
              ...(note === '' ? [] : [text(note, 7, 7, color)])
            ]
          }
        }
      }
    ]
  }
}

/** White at 0, to blue at 1 and to orange at -1; grey where there is none. */
export function correlationColor(value: number | null): string {
  if (value === null) return '#eeeeee'
  const [red, green, blue] = value >= 0 ? [0, 114, 178] : [213, 94, 0]
  const share = Math.min(1, Math.abs(value))
  const mix = (channel: number): number => Math.round(255 + (channel - 255) * share)
  return `rgb(${mix(red)},${mix(green)},${mix(blue)})`
}
