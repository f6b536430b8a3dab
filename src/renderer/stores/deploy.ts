import type { Deployment, DeployPlan } from '@shared/contract/deploy'
import type { QuantMethod, SchemeJson } from '@shared/contract/model'
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { CommandInput } from '../client/client'
import { useClient } from '../client/current'
import { followStoredRuns } from './followStoredRuns'
import { createAction } from './window/action'
import { useLastRuns } from './window/lastRuns'

/** Deployments, newest first, and the plan of the scheme that is looked at. */
export const useDeployments = defineStore('deploy', () => {
  const client = useClient()
  const deployments = shallowRef<Deployment[]>([])
  const last = useLastRuns()
  /** The chosen one, of this window or the one before; null: the newest is shown. */
  const openId = computed({
    get: () => last.ids.deployment ?? null,
    set: (id: string | null) => id !== null && last.note('deployment', id)
  })
  const plan = shallowRef<DeployPlan | null>(null)
  /** A scheme another page hands over, and where it comes from in words. */
  const offered = shallowRef<{
    modelId: string
    scheme: SchemeJson
    method: QuantMethod
    from: string
  } | null>(null)

  const open = computed(
    () => deployments.value.find(({ id }) => id === openId.value) ?? deployments.value[0] ?? null
  )

  function accept(deployment: Deployment): void {
    const rest = deployments.value.filter(({ id }) => id !== deployment.id)
    deployments.value = [deployment, ...rest].sort((a, b) => b.startedAtMs - a.startedAtMs)
  }

  client.subscribe('deploy.changed', accept)

  const load = createAction(async () => {
    const list = (await client.call('deploy.list', {})).deployments
    deployments.value = [...list].sort((a, b) => b.startedAtMs - a.startedAtMs)
  })
  followStoredRuns(client, 'deployment', { listed: () => deployments.value, load: () => load.run() })

  let latestPreview: CommandInput<'deploy.plan'> | null = null
  const preview = createAction(async (input: CommandInput<'deploy.plan'>) => {
    plan.value = null
    latestPreview = input
    const found = (await client.call('deploy.plan', input)).plan
    // A slower plan of an earlier choice must not stand under the present one.
    if (latestPreview === input) plan.value = found
    return found
  })

  const start = createAction(async (input: CommandInput<'deploy.run'>) => {
    const started = await client.call('deploy.run', input)
    openId.value = started.deploymentId
    return started
  })

  const forget = createAction(async (deploymentId: string) => {
    await client.call('deploy.forget', { deploymentId })
    deployments.value = deployments.value.filter(({ id }) => id !== deploymentId)
  })

  const exportC = createAction(async (input: CommandInput<'deploy.export'>) =>
    client.call('deploy.export', input, { timeoutMs: 300_000 })
  )

  const refresh = createAction(async (deploymentId: string) => {
    const { deployment } = await client.call('deploy.get', { deploymentId })
    accept(deployment)
    return deployment
  })

  return { deployments, open, openId, plan, offered, load, preview, start, forget, exportC, refresh }
})
