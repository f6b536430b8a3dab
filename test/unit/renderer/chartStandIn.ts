import { defineComponent, h, onBeforeUnmount, transformVNodeArgs, type Component, type PropType } from 'vue'
import { afterAll, beforeAll, expect } from 'vitest'

interface Drawn {
  /** What the chart is given now. */
  props: Record<string, unknown>
  /** Lets the chart report something, as a click on it does. */
  emit(event: string, ...values: unknown[]): void
}
const charts = new Map<string, Drawn>()

/** The chart of this label that is mounted now, with what it is given. */
export function chart(label: string): Drawn {
  const found = charts.get(label)
  expect(found, [...charts.keys()].join(', ')).toBeDefined()
  return found!
}

interface Series {
  name?: string
  data: unknown[]
}
/** Series of the chart of this label (PlotCanvas). */
export const seriesOf = (label: string): Series[] =>
  (chart(label).props['option'] as { series: Series[] }).series

/** Stands in for a chart that draws on a canvas, which the DOM of tests has not: keeps what it is given. */
const standIn = defineComponent({
  inheritAttrs: false,
  props: {
    label: { type: String, required: true },
    option: { type: Object as PropType<Record<string, unknown>>, default: undefined }
  },
  setup(props, { attrs }) {
    const drawn: Drawn = {
      get props() {
        return { ...attrs, ...props }
      },
      emit(event, ...values) {
        const handler = attrs[`on${event[0]!.toUpperCase()}${event.slice(1)}`] as (...all: unknown[]) => void
        handler(...values)
      }
    }
    charts.set(props.label, drawn)
    onBeforeUnmount(() => charts.get(props.label) === drawn && charts.delete(props.label))
    return () => h('figure', { 'aria-label': props.label })
  }
})

/**
 * Puts the stand-in in the place of these charts in the file of tests that calls it. Modules stay as they are, so that
 * files share them: `vi.mock` would load every module of a page again for each file.
 */
export function replaceCharts(...replaced: Component[]): void {
  const isReplaced = (type: unknown): boolean => replaced.includes(type as Component)
  beforeAll(() => transformVNodeArgs(([type, ...rest]) => [isReplaced(type) ? standIn : type, ...rest]))
  afterAll(() => transformVNodeArgs())
}
