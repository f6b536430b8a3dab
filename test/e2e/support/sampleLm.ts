import { decoderParts } from '@core/lm/board/decoderImage'
import type { CommandOutput } from '@shared/contract/index'

const layers = 5
const words = [' a', ' part', ' of', ' the', ' house', 'hold', ' that', ' is', ' used', ' for', ' a', ' dog']

/** Invented sizes, a text in the making and perplexities of a language model. */
export const sampleLm = {
  info: {
    name: 'glosses-260k',
    dim: 64,
    hiddenDim: 172,
    layers,
    heads: 8,
    kvHeads: 4,
    vocabulary: 512,
    sequenceLength: 256,
    tied: true,
    headSize: 8,
    parameters: 260_032,
    cacheBytesAt8Bits: 81_920,
    hasCalibration: true,
    hasText: true
  } satisfies CommandOutput<'lm.info'>,
  last: {
    chat: {
      jobId: 'c1',
      state: 'done',
      error: null,
      modelName: 'glosses-260k',
      boardName: 'Virtual board, small',
      origin: 'simulated',
      unit: 'cycles',
      clockHz: 50_000_000,
      scheme: 'w4a8,0.wo=w8a8,0.w2=w8a8,1.wo=w8a8,1.w2=w8a8,2.wo=w8a8,2.w2=w8a8,cls=w8a8',
      prompt: 'dog:',
      layers,
      sequenceLength: 256,
      memory: null,
      cacheBytesPerPosition: 320
    },
    steps: words.map((text, position) => {
      const parts = Array.from({ length: decoderParts.length * (layers + 1) }, (_, at) =>
        at >= decoderParts.length * layers && at % 8 !== 0 && at % 8 !== 7
          ? 0
          : 20_000 + 1000 * (at % 8) + (at % 8 === 3 ? 900 * position : 0)
      )
      const cycles = parts.reduce((sum, each) => sum + each, 0)
      const step = { position, token: 300 + position, cycles, instructions: Math.round(cycles / 1.6) }
      return { ...step, equal: true, forced: position < 2, text: position < 2 ? '' : text, parts }
    }),
    loss: {
      jobId: 'l1',
      state: 'done',
      error: null,
      modelName: 'glosses-260k',
      seed: 1,
      measured: {
        documents: 100,
        float: { tokens: 3700, natsPerToken: 3.27, perplexity: 26.4, low: 24.9, high: 28.1 },
        schemes: ['w8a8', 'w4a8,cls=w8a8', 'w4a8,kv=4'].map((scheme, at) => ({
          scheme,
          ...{
            tokens: 3700,
            natsPerToken: 3.27 + at / 20,
            perplexity: 26.4 + at,
            low: 25 + at,
            high: 28 + at
          },
          overFloat: { ratio: 1.005 + at / 20, low: 1.001 + at / 20, high: 1.009 + at / 20 }
        }))
      }
    }
  } satisfies CommandOutput<'lm.last'>
}
