import type { BoardInfo } from '../../core/board/boardInfo'
import type { EmitterOf } from '../../shared/contract/framework/define'
import type { LmChat, lmContract, LmInfo, LmLoss, LmMemory, LmStep } from '../../shared/contract/lm'
import type { JobService } from '../jobs/jobService'
import type { TaskRunner } from '../threads/taskPool'
import type { DecoderSession } from './boardDecoder'
import type { LmFiles } from './lmFiles'
import type { MeasuredPerplexity } from './lmPerplexity'
import type { CheckedLm, CheckLmTask, LmForBoard, PerplexityTask, QuantizeLmTask } from './lmTasks'

/** A board that a language model runs on. */
export interface LmBoard {
  readonly name: string
  readonly info: BoardInfo
  readonly unit: LmChat['unit']
  readonly origin: LmChat['origin']
}

/** Boards as language models need them. */
export interface LmBoards {
  /** @throws board.notConnected, board.notMonitor */
  identified(id: string): LmBoard
  /** @throws board.busy, board.notConnected */
  withLease<T>(id: string, owner: string, work: (session: DecoderSession) => Promise<T>): Promise<T>
}

/** What the service of language models is made from. */
export interface LmServiceDeps {
  boards: LmBoards
  jobs: JobService
  tasks: TaskRunner<{
    'lm.info': { input: { readonly files: LmFiles }; output: LmInfo }
    'lm.check': { input: CheckLmTask; output: CheckedLm }
    'lm.plan': { input: QuantizeLmTask; output: { memory: LmMemory; scheme: string } }
    'lm.quantize': { input: QuantizeLmTask; output: LmForBoard }
    'lm.perplexity': { input: PerplexityTask; output: MeasuredPerplexity }
  }>
  emit: EmitterOf<typeof lmContract>
  nowMs(): number
}

/** The last text and the last perplexities of this process. */
export interface LmState {
  chat: LmChat | null
  steps: LmStep[]
  loss: LmLoss | null
}
