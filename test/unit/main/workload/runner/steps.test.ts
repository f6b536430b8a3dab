import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeLayers } from '@main/workload/runner/layers'
import { createSteps, type Steps } from '@main/workload/runner/steps'
import type { Subject } from '@main/workload/runner/subject'
import { temporaryFolder } from '../../../../support/temporaryFolder'
import { openSmall, printed } from './runnerNetwork'

const folder = temporaryFolder()
const { print, events } = printed()
let subject: Subject
let steps: Steps
beforeAll(async () => {
  subject = await openSmall(folder)
  steps = createSteps(subject, describeLayers(subject), folder, print)
})

/** Runs a step; returns the last event and, of predictions, the written log-probabilities. */
async function run(id: string) {
  events.length = 0
  await steps.run(id, 1, null)
  const last = events.at(-1)!
  if (last['event'] !== 'predictions') return { last, values: [] }
  const bytes = readFileSync(last['file'] as string)
  return { last, values: [...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)] }
}
/** Log-probability of the first of two classes whose logits differ by `first - second`. */
const logOf = (difference: number): number => -Math.log1p(Math.exp(-difference))
/** Both log-probabilities of samples by what the second logit is above the first. */
const rows = (...above: number[]): number[] => above.flatMap((one) => [logOf(-one), logOf(one)])
const expectRows = (values: number[], ...above: number[]): void => {
  expect(values).toHaveLength(2 * above.length)
  rows(...above).forEach((value, at) => expect(values[at]).toBeCloseTo(value, 4))
}

describe('steps of the runner', () => {
  it('lists the original, other precisions, ablations and single layers', async () => {
    expect(await steps.predictionSteps(['fp32', 'int8Dynamic'])).toEqual([
      'predictions:baseline',
      'predictions:precision:int8Dynamic',
      ...['zero', 'mean', 'skip'].map((kind) => `predictions:${kind}:fc1`),
      ...['zero', 'mean'].map((kind) => `predictions:${kind}:fc2`),
      ...['fc1', 'fc2'].map((id) => `predictions:int8:${id}`)
    ])
  })

  it('writes log-probabilities of every test sample with its label', async () => {
    const { last, values } = await run('predictions:baseline')
    expect(last).toMatchObject({ event: 'predictions', name: 'baseline', rows: 3, columns: 2 })
    expect(last).toMatchObject({ labels: [1, 0, 0], samples: [0, 1, 2] })
    // Logits [7, 12], [2, 2], [4, 3].
    expectRows(values, 5, 0, -1)
  })

  it('takes the output of a layer as zero', async () => {
    expectRows((await run('predictions:zero:fc1')).values, 0, 0, 0)
    expectRows((await run('predictions:zero:fc2')).values, 0, 0, 0)
  })

  it('takes it as its mean over the calibration samples', async () => {
    // h: the mean of [1, 3, 2] and [3, 3, -2] is [2, 3, 0]. Logits: of [3, 5] and [3, 3] it is [3, 4].
    expectRows((await run('predictions:mean:fc1')).values, 1, 1, 1)
    expectRows((await run('predictions:mean:fc2')).values, 1, 1, 1)
  })

  it('takes it as its input', async () => {
    // ReLU of x itself: [1, 2, 3], [0, 0, 1], [4, 1, 0].
    expectRows((await run('predictions:skip:fc1')).values, 1, 0, -3)
  })

  it('rounds the weights of the whole network or of one layer to 16 bits without a change of such small numbers', async () => {
    expectRows((await run('predictions:precision:fp16')).values, 5, 0, -1)
  })

  it.each(['predictions:skip:fc2', 'predictions:zero:none', 'predictions:turn:fc1'])(
    'has no step %s',
    async (id) => {
      await expect(steps.run(id, 1, null)).rejects.toMatchObject({ code: 'input.notFound' })
    }
  )

  it('loops a layer inside one phase, eight copies a turn', async () => {
    const { last } = await run('layer:fc1')
    expect(events.map((event) => [event['event'], event['name'], event['state']])).toEqual([
      ['phase', 'layer:fc1', 'begin'],
      ['phase', 'layer:fc1', 'end']
    ])
    // Two samples of three float32.
    expect(last).toMatchObject({ copies: 8, copiedBytes: 8 * 24 })
    expect(last).not.toHaveProperty('cacheBytes')
    expect((last['repetitions'] as number) % 8).toBe(0)
    events.length = 0
    await steps.run('layer:fc2', 1, 240)
    // Twice 240 bytes are 20 copies.
    expect(events.at(-1)).toMatchObject({ copies: 20, copiedBytes: 20 * 24, cacheBytes: 240 })
  })

  it('measures the whole network: bytes of weights, a phase of four passes a turn, and single passes', async () => {
    const { last } = await run('benchmark:fp32')
    expect(events.map(({ event }) => event)).toEqual(['weights', 'phase', 'phase', 'latency'])
    // 9 + 3 + 6 + 2 float32.
    expect(events[0]).toMatchObject({ precision: 'fp32', bytes: 80 })
    expect((events[2]!['repetitions'] as number) % 4).toBe(0)
    expect((last['us'] as number[]).length).toBeGreaterThanOrEqual(20)
    expect(Math.min(...(last['us'] as number[]))).toBeGreaterThan(0)
    await steps.run('benchmark:fp32', 1, null)
    expect(events.filter(({ event }) => event === 'weights')).toHaveLength(2)
  })
})
