import type { CommandInput, CommandName, CommandOutput } from '../../shared/contract'
import type { Sample } from '../../shared/contract/profile'
import { AppError } from '../../shared/errors'
import type { Dispatch } from '../hosts/dispatcher'
import { createRunComparison } from '../runs/runComparison'

/** Samples of a campaign that are read at a time. */
const samplePage = 20_000

/** Comparison of stored runs over the contract itself; `dispatch` may only exist later. */
export function connectComparison(dispatch: () => Dispatch): ReturnType<typeof createRunComparison> {
  const call = async <K extends CommandName>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>> => {
    const reply = await dispatch()(name, input, { signal: new AbortController().signal })
    if (!reply.ok) throw AppError.from(reply.error)
    return reply.value as CommandOutput<K>
  }
  return createRunComparison({
    run: async (id) => (await call('run.get', { id })).run,
    search: async (searchId) => (await call('search.get', { searchId })).search,
    deployment: async (deploymentId) => (await call('deploy.get', { deploymentId })).deployment,
    proxy: async (id) => (await call('proxy.detail', { id })).proxy,
    async samples(campaignId) {
      const found: Sample[] = []
      for (let offset = 0, total = 1; offset < total; offset += samplePage) {
        const page = await call('profile.samples', { campaignId, limit: samplePage, offset })
        found.push(...page.samples)
        total = page.total
      }
      return found
    }
  })
}
