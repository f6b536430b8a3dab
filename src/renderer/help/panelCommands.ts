import { pageTitle, useNavigation, type PageId } from '../stores/window/navigation'
import type { ShellCommand } from './shellCommand'
import { untilShown } from './untilShown'

/** Panels where something is begun or set, by page: their headings, and words by which they are looked for besides. */
export const workPanels: readonly { page: PageId; heading: string; words?: string }[] = [
  { page: 'boards', heading: 'Console' },
  { page: 'boards', heading: 'Load a program' },
  { page: 'profile', heading: 'New campaign', words: 'measure kernels' },
  { page: 'profile', heading: 'Adaptive profiling' },
  { page: 'proxy', heading: 'Fit a proxy' },
  { page: 'proxy', heading: 'Estimators compared' },
  { page: 'proxy', heading: 'Transfer to another device' },
  { page: 'proxy', heading: 'Precision sweep' },
  { page: 'dataset', heading: 'Add a data set' },
  { page: 'model', heading: 'Accuracy of a scheme', words: 'evaluate' },
  { page: 'model', heading: 'Sensitivity' },
  { page: 'model', heading: 'Value ranges' },
  { page: 'search', heading: 'New search' },
  { page: 'deploy', heading: 'New deployment', words: 'write C' },
  { page: 'lm', heading: 'Continue a text', words: 'chat' },
  { page: 'lm', heading: 'Perplexity by scheme' },
  { page: 'gpu', heading: 'Record', words: 'energy of a command' },
  { page: 'gpu', heading: 'Record a power meter' },
  { page: 'workload', heading: 'Run', words: 'time and energy per layer' },
  { page: 'estimator', heading: 'Measure samples' },
  { page: 'estimator', heading: 'Train' },
  { page: 'estimator', heading: 'Move to another device' },
  { page: 'workers', heading: 'Shared folder' },
  { page: 'workers', heading: 'GPU hosts' },
  { page: 'settings', heading: 'Preferences', words: 'theme, threads' },
  { page: 'settings', heading: 'Log', words: 'copy problem report' },
  { page: 'settings', heading: 'Tools on this machine' }
]

/** One command for each of them. */
export const panelCommands = (): ShellCommand[] =>
  workPanels.map(({ page, heading, words }) => ({
    id: `panel.${page}.${heading}`,
    title: `Go to ${heading}`,
    detail: `${pageTitle(page)}${words === undefined ? '' : `: ${words}`}`,
    keys: null,
    run: () => void goToPanel(page, heading)
  }))

/** Opens the page and puts the focus on the heading of the panel; the page alone, where it has no such panel now. */
export async function goToPanel(page: PageId, heading: string): Promise<void> {
  const navigation = useNavigation()
  navigation.open(page)
  const headings = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('main .panel h2')]
  const found = await untilShown(
    () => headings().find(({ textContent }) => textContent === heading) ?? null,
    () => navigation.current === page
  )
  if (found === null) return
  found.scrollIntoView?.({ block: 'start' })
  // A heading takes the focus from here alone, so that a screen reader goes on there.
  found.tabIndex = -1
  found.focus()
}
