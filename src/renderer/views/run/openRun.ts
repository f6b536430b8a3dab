import type { RunKindName } from '@shared/contract/run'
import { useAdaptive } from '../../stores/adaptive'
import { useDeployments } from '../../stores/deploy'
import { useEstimators } from '../../stores/estimator'
import { useGpu } from '../../stores/gpu'
import { useGuide } from '../../stores/guide'
import { useProxies } from '../../stores/proxy'
import { useSearches } from '../../stores/search'
import { useNavigation } from '../../stores/window/navigation'
import { useWorkloads } from '../../stores/workload'
import { pageOfKind } from './runTexts'

/** Shows a run on the page of its kind. */
export async function openRun({ id, kind }: { id: string; kind: RunKindName }): Promise<void> {
  const navigation = useNavigation()
  const page = pageOfKind[kind]
  if (kind === 'search') await useSearches().select.run(id)
  if (kind === 'deployment') useDeployments().openId = id
  if (kind === 'adaptive') useAdaptive().openId = id
  if (kind === 'loop') await useGuide().show.run(id)
  if (kind === 'workload') await useWorkloads().select.run(id)
  if (kind === 'recording') await useGpu().open.run(id)
  if (kind === 'proxy') await useProxies().open.run(id)
  if (kind === 'estimator') await useEstimators().select.run(id)
  navigation.open(page)
}
