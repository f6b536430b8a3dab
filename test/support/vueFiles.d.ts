/** Components as tests import them; vue-tsc checks what stands in them. */
declare module '*.vue' {
  import type { Component } from 'vue'
  const component: Component
  export default component
}
