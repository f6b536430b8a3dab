import type { LayerRow } from './contract/workload/workloadRows'

/** What has to be said beside the name of a layer: "as h.0.mlp, tied with wte"; empty without anything. */
export function layerNote({ sameAs, sharedWith }: Pick<LayerRow, 'sameAs' | 'sharedWith'>): string {
  const parts = [
    ...(sameAs === null ? [] : [`as ${sameAs}`]),
    ...(sharedWith.length === 0 ? [] : [`tied with ${sharedWith.join(', ')}`])
  ]
  return parts.join(', ')
}
