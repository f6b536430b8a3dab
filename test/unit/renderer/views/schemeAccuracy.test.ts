// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { useModels } from '@renderer/stores/model'
import SchemeAccuracy from '@renderer/views/model/SchemeAccuracy.vue'
import { sampleModel } from '../../../e2e/support/sampleModel'
import { mountView, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => view?.unmount())

it('the accuracy of a scheme is offered on the items of the network’s own data, not on the shipped images', () => {
  withClient({})
  useModels().dataSet = { name: 'images', origin: '', splits: [{ split: 'test', images: 1000 }] }
  view = mountView(SchemeAccuracy as never, {
    model: sampleModel,
    splits: [
      { split: 'search', images: 600 },
      { split: 'test', images: 1200 }
    ]
  })
  const texts = [...view.the('.split').querySelectorAll('option')].map(({ textContent }) =>
    textContent.trim()
  )
  expect(texts).toEqual(['search (600)', 'test (1200)'])
})

it('a float network that guesses gets a hint; quantized results and other metrics get none', () => {
  withClient({})
  const result = {
    ...{ modelId: sampleModel.id, scheme: null, method: 'ptq', split: 'test', images: 300, correct: 30 },
    ...{ accuracy: 0.1, metrics: { accuracy: 0.1 }, dataSet: 'own', fittedOn: null },
    ...{ durationMs: 5, atMs: 1, cached: false }
  } as const
  const shown = (evaluations: unknown[]): boolean => {
    useModels().evaluations = evaluations as never
    view?.unmount()
    view = mountView(SchemeAccuracy as never, { model: { ...sampleModel, outputCount: 10 }, splits: [] })
    return view.root.textContent.includes('guessing among 10 classes')
  }
  expect(shown([result])).toBe(true)
  expect(shown([{ ...result, correct: 270 }])).toBe(false)
  expect(shown([{ ...result, scheme: [] }])).toBe(false)
  expect(shown([{ ...result, metrics: { mse: 1 } }])).toBe(false)
})
