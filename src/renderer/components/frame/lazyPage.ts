import { defineAsyncComponent, h, shallowRef, type Component } from 'vue'
import PageLoading from './PageLoading.vue'

/** A load that failed, and how to begin it again. */
interface FailedLoad {
  readonly error: Error
  readonly retry: () => void
}

/**
 * A page whose part of the program is loaded when it is first opened. Until that is there a line says so (after 200 ms, so that
 * a quick load does not flash); where it cannot be loaded, the error stands there with "Try again".
 */
export function lazyPage(title: string, loader: () => Promise<Component>): Component {
  const failed = shallowRef<FailedLoad | null>(null)
  function retry(): void {
    const begin = failed.value?.retry
    failed.value = null
    begin?.()
  }
  return defineAsyncComponent({
    loader,
    delay: 200,
    suspensible: false,
    loadingComponent: {
      render: () => h(PageLoading, { title, error: failed.value?.error ?? null, onRetry: retry })
    },
    // Neither given up nor tried by itself: the load stays pending until the user asks for another try.
    onError(error, again) {
      failed.value = { error, retry: again }
    }
  })
}
