import type { HandlersOf } from '../../shared/contract/framework/define'
import type { lmContract } from '../../shared/contract/lm'
import { startChat } from './chatJob'
import type { LmServiceDeps, LmState } from './lmNeeds'
import { startPerplexity } from './perplexityJob'

/** Language models of the contract: sizes, memory plan, texts on boards, perplexity. */
export function createLmService(deps: LmServiceDeps): { handlers: HandlersOf<typeof lmContract> } {
  const state: LmState = { chat: null, steps: [], loss: null }
  return {
    handlers: {
      'lm.info': ({ files }) => deps.tasks.run('lm.info', { files }),
      'lm.plan': async ({ files, scheme, boardId }) => {
        const { info } = deps.boards.identified(boardId)
        return await deps.tasks.run('lm.plan', { files, scheme, board: info })
      },
      'lm.chat': (request) => startChat(request, state, deps),
      'lm.perplexity': (request) => startPerplexity(request, state, deps),
      'lm.last': async () => state
    }
  }
}
