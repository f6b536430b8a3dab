import { onBeforeUnmount, onMounted, type Ref } from 'vue'

/**
 * Calls `onSize` when the element is mounted and after every change of its size, one frame later: what it changes may change
 * the size again, which the browser would report as a loop.
 */
export function watchSize(
  element: Readonly<Ref<HTMLElement | null>>,
  onSize: (box: HTMLElement) => void
): void {
  let observer: ResizeObserver | undefined
  let frame = 0
  const measure = (): void => {
    if (element.value !== null) onSize(element.value)
  }
  onMounted(() => {
    measure()
    if (element.value === null || typeof ResizeObserver === 'undefined') return
    observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(measure)
    })
    observer.observe(element.value)
  })
  onBeforeUnmount(() => {
    observer?.disconnect()
    cancelAnimationFrame(frame)
  })
}
