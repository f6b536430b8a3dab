import type { HandlersOf } from '../../shared/contract/framework/define'
import type { lmContract } from '../../shared/contract/lm'
import { planOnBoard } from './boardDecoder'
import { startChat } from './chatJob'
import { loadLm } from './lmFiles'
import type { LmServiceDeps, LmState } from './lmNeeds'
import { startPerplexity } from './perplexityJob'
import { presentLm, presentMemory } from './presentLm'

/** Language models of the contract: sizes, memory plan, texts on boards, perplexity. */
export function createLmService(deps: LmServiceDeps): { handlers: HandlersOf<typeof lmContract> } {
  const state: LmState = { chat: null, steps: [], loss: null }
  return {
    handlers: {
      'lm.info': async ({ files }) => presentLm(await loadLm(files, process.cwd())),
      'lm.plan': async ({ files, scheme, boardId }) => {
        const { info } = deps.boards.identified(boardId)
        const quantized = await deps.tasks.run('lm.quantize', { files, scheme })
        const plan = await planOnBoard(quantized.lm, info)
        return { memory: presentMemory(plan), scheme: quantized.scheme }
      },
      'lm.chat': (request) => startChat(request, state, deps),
      'lm.perplexity': (request) => startPerplexity(request, state, deps),
      'lm.last': async () => state
    }
  }
}
