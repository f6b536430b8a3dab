import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

/** The pages in the order of the loop. */
export const pages = [
  { id: 'start', title: 'Start', purpose: 'The whole loop once, step by step' },
  { id: 'boards', title: 'Boards', purpose: 'Connect a target and talk to it' },
  { id: 'profile', title: 'Profile', purpose: 'Measure kernels on the board' },
  { id: 'proxy', title: 'Proxy', purpose: 'Predict what a layer costs' },
  { id: 'dataset', title: 'Data sets', purpose: 'Items a network is fitted and judged on' },
  { id: 'model', title: 'Model', purpose: 'The network and its accuracy' },
  { id: 'search', title: 'Search', purpose: 'Bits per layer within a budget' },
  { id: 'deploy', title: 'Deploy', purpose: 'Run it on the board and check' },
  { id: 'lm', title: 'Language', purpose: 'Language models: text from a board, perplexity by scheme' },
  { id: 'gpu', title: 'GPU & energy', purpose: 'Power and energy of NVIDIA GPUs and power meters' },
  { id: 'workload', title: 'Workloads', purpose: 'A network layer by layer on CPU or GPU' },
  { id: 'estimator', title: 'Estimator', purpose: 'Latency by stage, moved and guarded' },
  { id: 'workers', title: 'Workers', purpose: 'Other machines that evaluate for this one' },
  { id: 'runs', title: 'Runs', purpose: 'Everything that was run: name, note, delete' },
  { id: 'compare', title: 'Compare', purpose: 'Runs of one kind side by side' },
  { id: 'settings', title: 'Settings', purpose: 'This copy of Bitbench and its tools' }
] as const

/** Name of a page, as the address has it. */
export type PageId = (typeof pages)[number]['id']

/** Pages that have a shortcut Alt+1 … Alt+7; data sets and language models came later and have none. */
export const shortcutPages = pages.filter(({ id }) => id !== 'dataset' && id !== 'lm').slice(1, 8)

/** Title of a page, as its head and the rail have it. */
export const pageTitle = (id: PageId): string => pages.find((page) => page.id === id)!.title

/** The page of an address; null for an unknown one. */
export function pageOfHash(hash: string): PageId | null {
  const id = hash.replace(/^#\/?/, '')
  return pages.find((page) => page.id === id)?.id ?? null
}

/** Which page is shown; kept in the address's fragment so that back, forward and reload work. */
export const useNavigation = defineStore('navigation', () => {
  const current = ref<PageId>(pageOfHash(location.hash) ?? 'start')
  const page = computed(() => pages.find((candidate) => candidate.id === current.value)!)

  window.addEventListener('hashchange', () => {
    current.value = pageOfHash(location.hash) ?? current.value
  })

  function open(id: PageId): void {
    if (pageOfHash(location.hash) !== id) location.hash = `/${id}`
    current.value = id
  }

  return { current, page, open }
})
