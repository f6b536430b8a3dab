// @vitest-environment happy-dom
import { nextTick } from 'vue'
import { afterEach, describe, expect, it } from 'vitest'
import { useModels } from '@renderer/stores/model'
import SearchForm from '@renderer/views/search/SearchForm.vue'
import type { ModelInfo, SchemeJson } from '@shared/contract/model'
import type { CommandOutput } from '@shared/contract'
import { workloadRequestSchema } from '@shared/contract/workload'
import { AppError } from '@shared/errors'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => view?.unmount())

/** A workload run that has finished a step of prediction impact. */
const sampleRun: CommandOutput<'workload.list'>['runs'][number] = {
  ...{ id: 'w1', jobId: null, contentId: null, state: 'done', startedAtMs: 0, finishedAtMs: 1 },
  request: workloadRequestSchema.parse({ runner: { kind: 'onnx', model: 'net.onnx' } }),
  subject: {
    ...{ model: 'net', runner: 'onnx', runtime: 'onnxruntime', device: 'cpu', deviceName: null },
    ...{ threads: 1, task: 'accuracy', batch: 8, notes: [] }
  },
  ...{ power: null, recordingIds: [], unknownEvents: 0, message: null },
  steps: [
    {
      ...{ id: 'predictions:int4:first', kind: 'predictions', trials: 1, trialsDone: 1 },
      ...{ state: 'done', seconds: 1, reason: null }
    }
  ]
}
interface Sent {
  workloadId?: string
  allowed?: { layer: string; weightBits?: number[]; activationBits?: number[] }[]
  budgetRatio?: number | null
  alsoWithin?: { cost: string; ratio: number }[]
  start?: SchemeJson
  retrainTop?: number
  cost?: string
}
let sent: Sent[]

/** The form for a network of two layers whose file has 3-bit weights. */
function mounted(): Mounted<Record<string, unknown>> {
  sent = []
  withClient({
    'workload.list': () => ({ runs: [sampleRun] }),
    'search.start': (input) => {
      sent.push(input as Sent)
      throw new AppError('search.invalid', 'Not started in this test.', '')
    }
  })
  const scheme: SchemeJson = [
    { layer: 'first', weightBits: 3, activationBits: 8 },
    { layer: 'second', weightBits: 3, activationBits: 4 }
  ]
  useModels().open = {
    ...{ id: 'm', name: 'net', weightedLayers: ['first', 'second'], exported: { scheme, layers: [] } }
  } as unknown as ModelInfo
  view = mountView(SearchForm, {})
  return view
}
const boxes = (): HTMLInputElement[] => [
  ...view!.root.querySelectorAll<HTMLInputElement>('fieldset input[type=checkbox]')
]
async function click(bits: number): Promise<void> {
  boxes()[8 - bits]!.click()
  await nextTick()
}
async function submit(): Promise<Sent> {
  view!.the<HTMLFormElement>('form').dispatchEvent(new Event('submit'))
  await settle()
  return sent.at(-1)!
}
async function choose(label: string, text: string): Promise<void> {
  const select = [...view!.root.querySelectorAll('label')]
    .find((one) => one.textContent?.includes(label))!
    .querySelector('select')!
  select.selectedIndex = [...select.options].findIndex((option) => option.textContent?.trim() === text)
  select.dispatchEvent(new Event('change'))
  await nextTick()
}

describe('the form of a search', () => {
  it('leaves the usual widths to the host and takes 3 bits of the file up to 4', async () => {
    mounted()
    expect(boxes().map(({ checked }) => checked)).toEqual([
      ...[true, false, false, false, true, false, true, true]
    ])
    const request = await submit()
    expect(request.allowed ?? []).toEqual([])
    expect(request.start?.map(({ weightBits }) => weightBits)).toEqual([4, 4])
    expect(request.retrainTop).toBe(0)
  })

  it('sends chosen widths for every layer, and then the scheme of the file as it is', async () => {
    mounted()
    await click(1)
    await click(3)
    const request = await submit()
    const widths = [8, 4, 3, 2]
    // The first layer's activations are the input, which has its 8 bits.
    expect(request.allowed).toEqual([
      { layer: 'first', weightBits: widths },
      { layer: 'second', weightBits: widths, activationBits: widths }
    ])
    expect(request.start?.map(({ weightBits }) => weightBits)).toEqual([3, 3])
  })

  it('leaves widths without kernels out where RAM of a board is the cost', async () => {
    mounted()
    await click(3)
    await choose('Budget counts', 'peak RAM of the plan')
    expect(boxes()[5]!.disabled).toBe(true)
    expect(boxes()[5]!.checked).toBe(false)
    const request = await submit()
    expect([request.cost, request.allowed ?? []]).toEqual(['ram', []])
  })

  it('cannot be sent without a width', async () => {
    mounted()
    for (const bits of [8, 4, 2, 1]) await click(bits)
    expect(view!.button('Search').disabled).toBe(true)
  })

  it('keeps up to five further budgets', async () => {
    mounted()
    expect((await submit()).alsoWithin).toEqual([])
    await choose('And keeps', 'weight size')
    await choose('And keeps (2)', 'bit operations (BOPs)')
    const field = [...view!.root.querySelectorAll('label')]
      .find((one) => one.textContent?.includes('Budget 2, % of int8'))!
      .querySelector('input')!
    field.value = '45'
    field.dispatchEvent(new Event('input'))
    await nextTick()
    expect((await submit()).alsoWithin).toEqual([
      { cost: 'size', ratio: 0.45 },
      { cost: 'bops', ratio: 0.7 }
    ])
    await choose('And keeps', 'nothing else')
    expect((await submit()).alsoWithin).toEqual([{ cost: 'bops', ratio: 0.7 }])
    for (const line of [2, 3, 4, 5]) await choose(`And keeps (${line})`, 'weight size')
    expect((await submit()).alsoWithin).toHaveLength(5)
    expect(view!.text()).not.toContain('And keeps (6)')
  })

  it('searches without a limit where that is chosen', async () => {
    mounted()
    expect((await submit()).budgetRatio).toBe(0.7)
    const box = [...view!.root.querySelectorAll('label')]
      .find((one) => one.textContent?.includes('no limit'))!
      .querySelector('input')!
    box.click()
    await nextTick()
    expect((await submit()).budgetRatio).toBeNull()
  })

  it('pins layers, and frees them again', async () => {
    mounted()
    view!.button('Pin a layer').click()
    await nextTick()
    // The input has 8 bits whatever is chosen.
    expect((await submit()).allowed).toEqual([{ layer: 'first', weightBits: [8] }])
    await choose('Layer', 'second')
    await choose('Weights', 'free')
    await choose('Activations', '4 bits')
    expect((await submit()).allowed).toEqual([{ layer: 'second', activationBits: [4] }])
    view!.button('Pin another layer').click()
    await nextTick()
    expect(view!.button('Pin another layer').disabled).toBe(true)
    await click(3)
    expect((await submit()).allowed?.slice(2)).toEqual([
      { layer: 'second', activationBits: [4] },
      { layer: 'first', weightBits: [8] }
    ])
    // A width that is no longer offered pins nothing.
    await click(4)
    expect((await submit()).allowed?.slice(2)).toEqual([{ layer: 'first', weightBits: [8] }])
    view!.button('Free first').click()
    await nextTick()
    expect((await submit()).allowed).toHaveLength(2)
  })

  it('retrains the best only where candidates are not retrained anyway', async () => {
    mounted()
    const field = (): HTMLInputElement | undefined =>
      [...view!.root.querySelectorAll('label')]
        .find((one) => one.textContent?.includes('Retrain the best'))
        ?.querySelector('input') ?? undefined
    field()!.value = '3'
    field()!.dispatchEvent(new Event('input'))
    await nextTick()
    expect((await submit()).retrainTop).toBe(3)
    await choose('Candidates are', 'tuned below 8 bits, without labels')
    expect(field()).toBeUndefined()
    expect((await submit()).retrainTop).toBe(0)
  })

  it('offers workload runs as sensitivities, for strategies that use them', async () => {
    mounted()
    await settle()
    expect((await submit()).workloadId).toBeUndefined()
    const label = 'Sensitivities of layers'
    const option = [...view!.root.querySelectorAll('option')].find((one) =>
      one.textContent?.includes('workload net')
    )!
    await choose(label, option.textContent!.trim())
    expect((await submit()).workloadId).toBe('w1')
    await choose('Strategy', 'Random: the baseline')
    expect(view!.text()).not.toContain(label)
    expect((await submit()).workloadId).toBeUndefined()
  })
})
