import type { SearchSensitivity } from '../contract/search'
import { countOf } from '../units'

/** Where a search has its sensitivities from: "KL at int4 of 5 of 5 layers from the workload run ID (net, the same file)". */
export function sensitivityText({ workloadId, model, matchedBy, change, losses }: SearchSensitivity): string {
  const known = losses.filter((loss) => loss !== null).length
  const how = matchedBy === 'content' ? 'the same file' : 'layers matched by name alone'
  return `KL at ${change} of ${known} of ${countOf(losses.length, 'layer')} from the workload run ${workloadId} (${model}, ${how})`
}
