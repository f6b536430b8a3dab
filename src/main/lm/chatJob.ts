import { kvDim } from '../../core/lm/config'
import { createIntegerDecoder } from '../../core/lm/integer/integerDecoder'
import { pieceDecoder } from '../../core/lm/packedPieces'
import type { CommandArguments } from '../../shared/contract'
import type { LmChat, LmStep } from '../../shared/contract/lm'
import { AppError } from '../../shared/errors'
import { sendDecoder } from './boardDecoder'
import { continueText } from './continueText'
import type { LmServiceDeps, LmState } from './lmNeeds'
import { presentMemory } from './presentLm'

/** Steps are sent at most this often. */
const batchMs = 30

/**
 * Continues a text on a board as a Job. What can fail before the model is quantized fails here.
 * @throws AppError data.missing, model.invalid, scheme.invalid, input.invalid, board.notConnected
 */
export async function startChat(
  request: CommandArguments<'lm.chat'>,
  state: LmState,
  deps: LmServiceDeps
): Promise<{ jobId: string }> {
  const { boards, jobs, emit } = deps
  const board = boards.identified(request.boardId)
  const { name, config, cacheBits, prompted } = await deps.tasks.run('lm.check', {
    ...{ files: request.files, schemes: [request.scheme], prompt: request.prompt }
  })
  // No await between this and the start: of two at once the second is refused.
  if (state.chat?.state === 'running')
    throw new AppError('input.invalid', 'A text is being continued already.', 'Stop it, or wait for its end.')
  const title = `${name} continues a text on ${board.name}`
  const change = (changes: Partial<LmChat>): void => {
    state.chat = { ...state.chat!, ...changes }
    emit('lm.chatChanged', state.chat)
  }
  const { jobId, result } = jobs.start({
    kind: 'lm.chat',
    title,
    unit: 'tokens',
    total: request.tokens,
    run: ({ signal, progress }) =>
      continueOnBoard(request, { name, prompted }, state, deps, { signal, progress, change })
  })
  state.steps = []
  state.chat = {
    ...{ jobId, state: 'running', error: null, modelName: name, boardName: board.name },
    ...{ origin: board.origin, unit: board.unit, prompt: request.prompt, scheme: request.scheme },
    clockHz: board.unit === 'cycles' ? board.info.clockHz : null,
    layers: config.layers,
    sequenceLength: config.sequenceLength,
    memory: null,
    cacheBytesPerPosition: (2 * config.layers * kvDim(config) * cacheBits[0]) / 8
  }
  change({})
  void result.then(
    () => change({ state: 'done' }),
    (reason: unknown) => {
      const error = AppError.from(reason)
      const cancelled = error.code === 'job.cancelled'
      change({ state: cancelled ? 'cancelled' : 'failed', error: cancelled ? null : error.toJSON() })
    }
  )
  return { jobId }
}

async function continueOnBoard(
  { files, scheme, boardId, tokens, toTheEnd }: CommandArguments<'lm.chat'>,
  { name, prompted }: { readonly name: string; readonly prompted: readonly number[] },
  state: LmState,
  { boards, tasks, emit, nowMs }: LmServiceDeps,
  context: {
    signal: AbortSignal
    progress: (done: number, total?: number, note?: string) => void
    change: (changes: Partial<LmChat>) => void
  }
): Promise<void> {
  const { signal, progress, change } = context
  progress(0, tokens, 'choosing scales')
  const board = boards.identified(boardId).info
  const { lm, plan, pieces } = await tasks.run('lm.quantize', { files, scheme, board }, { signal })
  const tokenizer = pieceDecoder(pieces)
  await boards.withLease(boardId, `language model ${name}`, async (session) => {
    const onProgress = (done: number, total: number): void =>
      progress(0, tokens, `sending the model, ${Math.round((100 * done) / total)} %`)
    const decoder = await sendDecoder(session, plan, lm.config, { signal, onProgress })
    change({ memory: presentMemory(plan) })
    let unsent: LmStep[] = []
    let sentAtMs = -Infinity
    const send = (): void => {
      const { jobId } = state.chat!
      if (unsent.length > 0) emit('lm.steps', { jobId, steps: unsent })
      unsent = []
      sentAtMs = nowMs()
    }
    let made = 0
    const host = createIntegerDecoder(lm)
    try {
      for await (const found of continueText(decoder, host, tokenizer, prompted, {
        tokens,
        toTheEnd,
        signal
      })) {
        const step = { ...found, parts: [...(await decoder.parts())] }
        state.steps.push(step)
        unsent.push(step)
        if (!step.forced) made++
        progress(made, tokens, made === 0 ? 'reading the prompt' : 'making tokens')
        if (nowMs() - sentAtMs >= batchMs) send()
      }
    } finally {
      send()
    }
  })
}
