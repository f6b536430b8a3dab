import { createPinia } from 'pinia'
import { createApp, defineComponent, h, shallowRef } from 'vue'
import type { Envelope } from '../../src/shared/contract/gpu'
import { provideClient } from '../../src/renderer/client/current'
import { createMemoryClient } from '../../src/renderer/client/memoryClient'
import StreamChart from '../../src/renderer/charts/StreamChart.vue'
import type { Span, Trace } from '../../src/renderer/charts/stream/trace'
import { envelopeTrace } from '../../src/renderer/charts/stream/envelopeTrace'
import '../../src/renderer/theme/tokens.css'
import '../../src/renderer/theme/base.css'

declare global {
  interface Window {
    readEnvelope(fromMs: number, toMs: number): Promise<Envelope>
    zoomFor(seconds: number, turns: boolean): Promise<{ intervalsMs: number[]; fetched: number }>
    ready: boolean
  }
}

const whole = shallowRef<Trace | null>(null)
const finer = shallowRef<Trace | null>(null)
let endMs = 0
let fetched = 0
let newest = 0
let pending: ReturnType<typeof setTimeout> | undefined
/** As the page of a recording does it: while the wheel turns, only the last stretch is fetched. */
function onWindow(span: Span | null): void {
  clearTimeout(pending)
  const mine = ++newest
  pending = setTimeout(() => {
    if (span === null) finer.value = null
    else
      void window.readEnvelope(Math.max(0, span[0]), Math.min(endMs, span[1])).then((found) => {
        fetched += 1
        if (mine === newest) finer.value = envelopeTrace(found, [])
      })
  }, 80)
}
const Page = defineComponent(
  () => () =>
    whole.value === null
      ? h('p', 'Reading…')
      : h(StreamChart, {
          ...{ trace: whole.value, detail: finer.value, unit: 'W', label: 'Power', relative: true },
          onWindow
        })
)

/**
 * Turns the wheel once a frame, in and out over the whole range, and notes when every frame came; without turns it only notes,
 * which is what this browser gives at most.
 */
window.zoomFor = (seconds, turns) =>
  new Promise((resolve) => {
    const over = document.querySelector<HTMLElement>('.u-over')!
    const intervalsMs: number[] = []
    const startedMs = performance.now()
    let lastMs = startedMs
    const before = fetched
    const framesIn = 240
    // A hand rests between turns of the wheel; then the finer readings come.
    const [framesTurned, framesResting] = [40, 20]
    let frame = 0
    const step = (nowMs: number): void => {
      if (frame > 0) intervalsMs.push(nowMs - lastMs)
      lastMs = nowMs
      if (nowMs - startedMs > seconds * 1000) {
        resolve({ intervalsMs, fetched: fetched - before })
        return
      }
      const isIn = frame % (2 * framesIn) < framesIn
      const isResting = frame % (framesTurned + framesResting) >= framesTurned
      const box = over.getBoundingClientRect()
      if (turns && !isResting)
        over.dispatchEvent(
          new WheelEvent('wheel', {
            ...{ bubbles: true, cancelable: true, deltaY: isIn ? -24 : 24 },
            ...{ clientX: box.left + box.width * 0.37, clientY: box.top + box.height / 2 }
          })
        )
      frame += 1
      requestAnimationFrame(step)
    }
    requestAnimationFrame(step)
  })

async function begin(): Promise<void> {
  document.documentElement.dataset['theme'] = 'dark'
  provideClient(createMemoryClient({}))
  createApp(Page).use(createPinia()).mount('#app')
  const found = await window.readEnvelope(0, Infinity)
  endMs = found.fromMs + found.stepMs * found.mean.length
  whole.value = envelopeTrace(found, [])
  window.ready = true
}
void begin()
