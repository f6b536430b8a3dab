import { AppError } from '../../shared/errors'
import type { StepSample } from '../../core/lm/cost/decoderProxy'
import { sampleDecoders } from '../../core/lm/cost/sampleDecoders'
import { loadDecoder, type DecoderSession } from './boardDecoder'

/** What is measured, and where it is reported. */
export interface DecoderProfile {
  readonly decoders: number
  readonly seed: number
  readonly unit: 'cycles' | 'instructions'
  readonly signal: AbortSignal
  readonly progress: (done: number, total: number, note: string) => void
}

/**
 * Measures decoders of sizes and bits by chance on a board, each at four positions.
 * A decoder that does not fit the board's RAM is left out.
 * @returns the steps of each decoder
 * @throws AppError what the board throws
 */
export async function profileDecoder(
  session: DecoderSession,
  { decoders, seed, unit, signal, progress }: DecoderProfile
): Promise<StepSample[][]> {
  const found: StepSample[][] = []
  let tried = 0
  for (const { lm, positions } of sampleDecoders(decoders, seed)) {
    signal.throwIfAborted()
    const { config, scheme } = lm
    progress(tried++, decoders, `width ${config.dim}, ${config.heads} heads`)
    const decoder = await loadDecoder(session, lm, { signal }).catch((reason: unknown) => {
      if (AppError.from(reason).code === 'deploy.outOfMemory') return null
      throw reason
    })
    if (decoder === null) continue
    const steps: StepSample[] = []
    for (const [at, position] of positions.entries()) {
      const step = await decoder.step(at % config.vocabulary, position, signal)
      steps.push({ config, scheme, position, parts: await decoder.parts(), cost: step[unit] })
    }
    found.push(steps)
  }
  progress(decoders, decoders, 'measured')
  return found
}
