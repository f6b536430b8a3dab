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
