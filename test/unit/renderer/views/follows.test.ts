// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import SchemeAccuracy from '@renderer/views/model/SchemeAccuracy.vue'
import DeployForm from '@renderer/views/deploy/DeployForm.vue'
import NumberField from '@renderer/components/fields/NumberField.vue'
import BoardLoader from '@renderer/views/boards/BoardLoader.vue'
import GpuCard from '@renderer/views/gpu/GpuCard.vue'
import { useDeployments } from '@renderer/stores/deploy'
import { useModels } from '@renderer/stores/model'
import { useSearches } from '@renderer/stores/search'
import type { ModelInfo } from '@shared/contract/model'
import { sampleBoards } from '../../../e2e/support/sampleBoards'
import { sampleGpuList } from '../../../e2e/support/sampleGpu'
import { sampleModel, samplePlan, sampleSearch } from '../../../e2e/support/sampleModel'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

const other: ModelInfo = { ...sampleModel, id: 'other', name: 'other', weightedLayers: ['first', 'second'] }
const board = sampleBoards.find(({ state }) => state === 'connected')!
let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => view?.unmount())

const names = (): string[] => [...view!.root.querySelectorAll('.name')].map((one) => one.textContent ?? '')

describe('panels follow what they name', () => {
  it('the scheme editor has the layers of the network that was chosen last', async () => {
    withClient({})
    view = mountView(SchemeAccuracy, { model: sampleModel, splits: [] })
    expect(names()).toEqual(sampleModel.weightedLayers)
    await view.set({ model: other })
    expect(names()).toEqual(['first', 'second'])
    expect(view.text()).toContain('of other')
  })

  it('a scheme found for one network is not offered for another', async () => {
    const client = withClient({ 'deploy.plan': () => ({ plan: samplePlan }) })
    useDeployments().offered = {
      modelId: sampleModel.id,
      scheme: sampleModel.weightedLayers.map((layer) => ({ layer, weightBits: 2, activationBits: 8 })),
      method: 'ptq',
      from: 'the best scheme of the search'
    }
    view = mountView(DeployForm, { board, model: sampleModel })
    await settle()
    expect(view.text()).toContain('the best scheme of the search')
    await view.set({ model: other })
    await settle()
    expect(view.text()).not.toContain('the best scheme of the search')
    expect(client.calls.at(-1)).toMatchObject({
      name: 'deploy.plan',
      input: {
        modelId: 'other',
        scheme: [
          { layer: 'first', weightBits: 8 },
          { layer: 'second', weightBits: 8 }
        ]
      }
    })
  })

  it('a search whose weights have scales of groups is listed with the reason and not chosen', async () => {
    const { trace: _, ...search } = sampleSearch
    const request = { ...search.request, method: 'grouped' as const, modelId: sampleModel.id }
    const client = withClient({ 'deploy.plan': () => ({ plan: samplePlan }) })
    useSearches().searches = [{ ...search, request }]
    view = mountView(DeployForm, { board, model: sampleModel })
    await settle()
    const options = [...view.the<HTMLSelectElement>('select[aria-label="Scheme"]').options]
    expect(options.map(({ disabled, selected }) => [disabled, selected])).toEqual([
      [true, false],
      [false, true],
      [false, false]
    ])
    expect(options[0]!.text).toContain('scales of groups, for no board')
    expect(client.calls.filter(({ name }) => name === 'deploy.plan').at(-1)).toMatchObject({
      input: { method: 'ptq' }
    })
  })

  it('C is planned for the connected board, and none is connected for it', async () => {
    const client = withClient({
      'deploy.plan': () => ({ plan: samplePlan }),
      'deploy.export': () => ({ folder: '/tmp/c', files: [{ name: 'main.c', sizeBytes: 10 }] })
    })
    view = mountView(DeployForm, { board, model: sampleModel })
    const folder = view.the<HTMLInputElement>('.folder input')
    folder.value = '/tmp/c'
    folder.dispatchEvent(new Event('input'))
    view.the<HTMLFormElement>('form.export').dispatchEvent(new Event('submit'))
    await settle()
    expect(client.calls.find(({ name }) => name === 'deploy.export')?.input).toMatchObject({
      boardId: board.id
    })
    expect(client.calls.some(({ name }) => name === 'board.connect')).toBe(false)
    expect(view.text()).toContain('1 file written to /tmp/c')
    await view.set({ model: other })
    expect(view.text()).not.toContain('written to')
  })

  it('results that come late do not stand under a network opened meanwhile', async () => {
    let release: () => void = () => undefined
    const slow = new Promise<void>((resolve) => (release = resolve))
    withClient({
      'model.info': ({ modelId }) => ({ model: modelId === 'other' ? other : sampleModel }),
      'model.evaluations': () => ({ evaluations: [] }),
      'model.sensitivities': async ({ modelId }) => {
        if (modelId === 'other') return { rows: [] }
        await slow
        return {
          rows: [
            {
              layer: 'conv1',
              what: 'weight' as const,
              bits: 4 as const,
              accuracy: 0.5,
              metric: 'accuracy' as const
            }
          ]
        }
      }
    })
    const models = useModels()
    const first = models.select.run(sampleModel.id)
    await settle()
    await models.select.run('other')
    release()
    await first
    expect(models.open?.id).toBe('other')
    expect(models.sensitivities).toEqual([])
  })
})

describe('a number field', () => {
  it('that was emptied keeps its form from being sent', async () => {
    withClient({})
    const taken = vi.fn()
    view = mountView(NumberField, {
      label: 'Images',
      min: 1,
      max: 10,
      modelValue: 5,
      'onUpdate:modelValue': taken
    })
    const input = view.the<HTMLInputElement>('input')
    for (const wrong of ['', '0', '11']) {
      input.value = wrong
      input.dispatchEvent(new Event('input'))
      expect(input.checkValidity(), wrong).toBe(false)
    }
    expect(taken).not.toHaveBeenCalled()
    input.value = '7'
    input.dispatchEvent(new Event('input'))
    expect(input.checkValidity()).toBe(true)
    expect(taken).toHaveBeenCalledWith(7)
  })
})

describe('loading a file that is no program', () => {
  const choose = async (content: string | Uint8Array<ArrayBuffer>): Promise<void> => {
    const input = view!.the<HTMLInputElement>('input[type=file]')
    Object.defineProperty(input, 'files', { value: [new File([content], 'thing.bin')], configurable: true })
    input.dispatchEvent(new Event('change'))
    await settle()
    await settle()
  }
  const submit = async (): Promise<void> => {
    view!.the('form').dispatchEvent(new Event('submit'))
    await settle()
    await settle()
  }

  it('needs an address and a question before anything is sent', async () => {
    const client = withClient({ 'board.loads': () => ({ loads: [] }), 'board.load': () => ({ jobId: 'j1' }) })
    view = mountView(BoardLoader, { board })
    await choose('hello, world\n')
    expect(view.text()).toContain('nothing in it says where it belongs')
    expect(view.button('Load').disabled).toBe(true)
    expect(view.the<HTMLInputElement>('input[type=checkbox]').checked).toBe(false)
    const address = view.the<HTMLInputElement>('input[type=text]')
    address.value = '0x80010000'
    address.dispatchEvent(new Event('input'))
    await submit()
    expect(client.calls.some(({ name }) => name === 'board.load')).toBe(false)
    expect(view.text()).toContain('is no ELF program. Write its 13 B to 0x80010000?')
    await submit()
    expect(client.calls.find(({ name }) => name === 'board.load')?.input).toMatchObject({
      address: 0x8001_0000,
      start: false
    })
  })

  it('is not asked for an ELF program', async () => {
    const client = withClient({ 'board.loads': () => ({ loads: [] }), 'board.load': () => ({ jobId: 'j1' }) })
    view = mountView(BoardLoader, { board })
    await choose(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0]))
    await submit()
    expect(client.calls.find(({ name }) => name === 'board.load')?.input).toMatchObject({
      address: null,
      start: true
    })
  })
})

describe('the card of a GPU', () => {
  it('moves with the chart beside it', async () => {
    const client = withClient({})
    view = mountView(GpuCard, { gpu: sampleGpuList.gpus[0]!, origin: 'measured' })
    client.emit('gpu.sampled', {
      sequence: 1,
      dropped: 0,
      batches: [{ gpuIndex: sampleGpuList.gpus[0]!.index, tMs: [10], metrics: { powerW: [123.4] } }]
    })
    await settle()
    expect(view.text()).toContain('123 W')
  })
})
