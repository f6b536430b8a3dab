import type { RunKindName } from '@shared/contract/run'
import type { PageId } from '../../stores/window/navigation'
import type { ComparedRun } from '../../stores/comparedRun'

/** The kinds as the filter lists them. */
export const kindTexts: Readonly<Record<RunKindName, string>> = {
  loop: 'Guided loops',
  campaign: 'Campaigns',
  adaptive: 'Adaptive runs',
  search: 'Searches',
  deployment: 'Deployments',
  workload: 'Workloads',
  recording: 'Recordings',
  proxy: 'Proxies',
  estimator: 'Estimators',
  collection: 'Collected stage times'
}

/** The page that shows a run of this kind. */
export const pageOfKind: Readonly<Record<RunKindName, PageId>> = {
  loop: 'start',
  campaign: 'profile',
  adaptive: 'profile',
  search: 'search',
  deployment: 'deploy',
  workload: 'workload',
  recording: 'gpu',
  proxy: 'proxy',
  estimator: 'estimator',
  collection: 'estimator'
}

/** Tags from a line with commas: trimmed, without empty ones, each once. */
export function tagsOf(line: string): string[] {
  const tags = line.split(',').map((tag) => tag.trim())
  return [...new Set(tags.filter((tag) => tag !== ''))]
}

/** Name or title, followed by the tags; "example" or the host that made it come first, where no narrow column cuts them. */
export const headText = ({ name, title, tags, imported, origin }: ComparedRun): string =>
  [
    ...(imported?.example === true ? ['Example:'] : []),
    ...(origin === null ? [] : [`${origin.host}:`]),
    name ?? title,
    ...tags.map((tag) => `#${tag}`)
  ].join(' ')

/** These texts in one line, without empty ones; null: nothing to say. */
export const noteOf = (...texts: readonly (string | null)[]): string | null =>
  texts.filter((text) => text !== null && text !== '').join(', ') || null
