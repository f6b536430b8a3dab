import { defineAsyncComponent, h, shallowRef, type Component } from 'vue'
import type { FailedLoad } from './failedLoad'
import PageLoading from './PageLoading.vue'

/**
 * A page whose part of the program is loaded when it is first opened. Until that is there a line says so (after 200 ms, so that
 * a quick load does not flash); where it cannot be loaded, the error stands there with "Try again".
 */
export function lazyPage(title: string, loader: () => Promise<Component>): Component {
  const failed = shallowRef<FailedLoad | null>(null)
  return defineAsyncComponent({
    loader,
    delay: 200,
    suspensible: false,
    loadingComponent: { render: () => h(PageLoading, { title, failed: failed.value }) },
    // Neither given up nor tried by itself: the load stays pending until the user asks for another try.
    onError(error, retry) {
      failed.value = {
        error,
        retry() {
          failed.value = null
          retry()
        }
      }
    }
  })
}
