// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import CollectPanel from '@renderer/views/estimator/CollectPanel.vue'
import { knobChoices } from '@renderer/views/estimator/knobChoice'
import { collectionRequestSchema, type Collection } from '@shared/contract/estimator/collection'
import { choose } from '../formFields'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => view?.unmount())

const collection = (more: Partial<Collection>): Collection => ({
  ...{ id: 'c1', jobId: null, state: 'done', startedAtMs: 1_790_000_000_000, finishedAtMs: null },
  request: collectionRequestSchema.parse({ runner: { kind: 'onnx', model: 'gloss-language' } }),
  ...{ subject: null, offer: null, measured: 2, failed: 0, firstFailure: null, message: null },
  steps: [1, 2, 3].map((promptTokens) => ({ knobs: { promptTokens }, outputTokens: 4 })),
  ...more
})
const checked = { checks: [], models: ['gloss-language'], providers: ['cpu'] }
const button = (text: string): HTMLButtonElement | undefined =>
  [...(view?.root.querySelectorAll('button') ?? [])].find((one) => one.textContent?.trim() === text)
const type = async (placeholder: string, text: string): Promise<void> => {
  const input = view?.root.querySelector<HTMLInputElement>(`input[placeholder="${placeholder}"]`)
  if (!input) throw new Error(`there is no field ${placeholder}`)
  input.value = text
  input.dispatchEvent(new Event('input'))
  await settle()
}

describe('knobs as typed', () => {
  it('are ranges and lists', () => {
    expect(knobChoices(' promptTokens=1..16; tier = low, high ;batch=1,4 ')).toEqual({
      promptTokens: { min: 1, max: 16 },
      tier: { values: ['low', 'high'] },
      batch: { values: [1, 4] }
    })
    expect(knobChoices('  ')).toEqual({})
  })

  it.each(['promptTokens', 'promptTokens=', '=3', 'batch=9..3', 'batch=1,,2', 'batch=,'])(
    '%s is refused',
    (text) => {
      expect(() => knobChoices(text)).toThrow('no choice of a knob')
    }
  )
})

describe('measuring samples', () => {
  it('starts with the chosen network and knobs', async () => {
    const started: unknown[] = []
    withClient({
      'workload.check': () => checked,
      'estimator.collections': () => ({ collections: [] }),
      'estimator.collect': (request) => {
        started.push(request)
        return { id: 'c1', jobId: 'j1' }
      }
    })
    view = mountView(CollectPanel, {})
    await settle()
    await type('promptTokens=1..16; batch=1,4; outputTokens=8', 'batch=9..3')
    view.root.querySelector('form')?.dispatchEvent(new Event('submit'))
    await settle()
    expect(view.text()).toContain('no choice of a knob')
    await type('promptTokens=1..16; batch=1,4; outputTokens=8', 'batch=1,4')
    view.root.querySelector('form')?.dispatchEvent(new Event('submit'))
    await settle()
    expect(started).toEqual([
      {
        runner: { kind: 'onnx', model: 'gloss-language' },
        knobs: { batch: { values: [1, 4] } },
        ...{ configurations: 40, repetitions: 5 }
      }
    ])
    expect(view.text()).not.toContain('no choice of a knob')
  })

  it('measures on a GPU host that was chosen', async () => {
    const started: unknown[] = []
    withClient({
      'workload.check': () => checked,
      'remote.hosts': () => ({ hosts: [{ name: 'gpu1', prefix: ['ssh', 'gpu1'] }] }) as never,
      'estimator.collections': () => ({ collections: [] }),
      'remote.collect': (request) => {
        started.push(request)
        return { jobId: 'j1' }
      }
    })
    view = mountView(CollectPanel, {})
    await settle()
    await choose(view, 'On This machine', 'gpu1')
    view.root.querySelector('form')?.dispatchEvent(new Event('submit'))
    await settle()
    expect(started).toEqual([
      {
        host: 'gpu1',
        request: {
          ...{ runner: { kind: 'onnx', model: 'gloss-language' }, knobs: {} },
          ...{ configurations: 40, repetitions: 5 }
        }
      }
    ])
  })

  it('trains on, saves and resumes what was collected', async () => {
    const calls: [string, unknown][] = []
    withClient({
      'workload.check': () => checked,
      'estimator.collections': () => ({
        collections: [
          collection({ state: 'interrupted', failed: 1 }),
          collection({ id: 'c2', measured: 0, state: 'failed', message: 'The runner ended.' })
        ]
      }),
      'estimator.train': (request) => {
        calls.push(['train', request])
        return { jobId: 'j2' }
      },
      'estimator.exportSamples': (request) => {
        calls.push(['save', request])
        return { file: '/tmp/s.jsonl', samples: 10 }
      },
      'run.resume': (request) => {
        calls.push(['resume', request])
        return { jobId: 'j3' }
      }
    })
    view = mountView(CollectPanel, {})
    await settle()
    const items = [...view.root.querySelectorAll<HTMLElement>('tbody tr')]
    expect(items[0]?.textContent).toContain('interrupted')
    expect(items[0]?.textContent).toContain('2 of 3')
    expect(items[1]?.textContent).toContain('The runner ended.')
    items[1]?.click()
    await settle()
    const disabled = (text: string): boolean | undefined => button(text)?.disabled
    expect(['Train on it', 'Save samples…', 'Compare with…', 'Resume'].map(disabled)).toEqual([
      ...[true, true, true, false]
    ])
    items[0]?.click()
    await settle()
    button('Resume')?.click()
    button('Train on it')?.click()
    button('Save samples…')?.click()
    await settle()
    await type('~/samples.jsonl', '/tmp/s.jsonl')
    const forms = view.root.querySelectorAll('form')
    forms[forms.length - 1]?.dispatchEvent(new Event('submit'))
    await settle()
    expect(calls.map(([name]) => name)).toEqual(['resume', 'train', 'save'])
    expect(calls[1]?.[1]).toMatchObject({ collections: ['c1'] })
    expect(calls[2]?.[1]).toEqual({ id: 'c1', file: '/tmp/s.jsonl' })
    expect(view.root.querySelectorAll('form')).toHaveLength(forms.length - 1)
  })
})
