import { formatCount } from '@shared/units'
import type { Palette } from './palette'

/** An axis of a chart. */
export interface AxisSpec {
  name: string
  scale?: 'linear' | 'log'
  format?: (value: number) => string
  min?: number
  max?: number
}

/** One way to draw axes, so that charts differ in data only. */
export function axis(spec: AxisSpec, palette: Palette, side: 'x' | 'y'): Record<string, unknown> {
  const format = spec.format ?? ((value: number) => formatCount(value))
  return {
    type: spec.scale === 'log' ? 'log' : 'value',
    scale: true,
    name: spec.name,
    nameLocation: 'middle',
    nameGap: side === 'x' ? 28 : 52,
    nameTextStyle: { color: palette.dim, fontSize: 11 },
    axisLabel: { color: palette.dim, fontSize: 11, formatter: format, hideOverlap: true },
    axisLine: { lineStyle: { color: palette.line } },
    axisTick: { show: false },
    axisPointer: {
      show: true,
      triggerTooltip: false,
      snap: false,
      lineStyle: { color: palette.faint, type: 'dotted' },
      label: {
        color: palette.text,
        backgroundColor: palette.surface,
        fontSize: 11,
        formatter: ({ value }: { value: number | string }) => format(Number(value))
      }
    },
    splitLine: { lineStyle: { color: palette.line, opacity: 0.6 } },
    ...(spec.min === undefined ? {} : { min: spec.min }),
    ...(spec.max === undefined ? {} : { max: spec.max })
  }
}

/** Returns an ECharts axis of names. */
export function categoryAxis(names: readonly string[], palette: Palette, name = ''): Record<string, unknown> {
  return {
    type: 'category',
    data: [...names],
    name,
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: { color: palette.dim, fontSize: 11 },
    axisLabel: {
      color: palette.dim,
      fontSize: 11,
      interval: 0,
      width: 84,
      overflow: 'truncate',
      hideOverlap: true
    },
    axisLine: { lineStyle: { color: palette.line } },
    axisTick: { show: false }
  }
}

/** Text tooltips: names from files are drawn as text and can never become markup. */
export function tooltip(palette: Palette): Record<string, unknown> {
  return {
    renderMode: 'richText',
    confine: true,
    backgroundColor: palette.surface,
    borderColor: palette.line,
    textStyle: { color: palette.text, fontSize: 12, fontFamily: palette.font }
  }
}

export const plotGrid = { left: 64, right: 16, top: 32, bottom: 44 } as const

/** Returns an ECharts legend that toggles series. */
export function legend(palette: Palette): Record<string, unknown> {
  return {
    top: 0,
    left: 56,
    right: 0,
    type: 'plain',
    itemWidth: 10,
    itemHeight: 10,
    itemGap: 8,
    textStyle: { color: palette.dim, fontSize: 11 }
  }
}
