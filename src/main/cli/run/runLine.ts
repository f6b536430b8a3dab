import type { Run } from '../../../shared/contract/run'
import { localTime } from '../framework/localTime'

/** A run in one line of a terminal: id, start, kind, state, name, then what is marked. */
export function runLine(run: Run): string {
  const marks = [run.forgotten ? 'deleted' : '', ...run.tags.map((tag) => `#${tag}`)].filter(Boolean)
  const texts = [run.id, localTime(run.startedAtMs), run.kind.padEnd(10), run.state.padEnd(11)]
  return [...texts, run.name ?? run.title, ...marks].join('  ')
}
