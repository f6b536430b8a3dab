import { expect, it } from 'vitest'
import { shortLayerName } from '@shared/text/layerName'

it.each([
  ['conv1', 10, 'conv1'],
  ['/6/6.1/Conv', 8, '/6/6.1'],
  ['/1/body/body.0/body.0.1/Conv', 12, '/1/…body.0.1'],
  ['/1/body/body.1/body.1.1/Conv', 12, '/1/…body.1.1'],
  // No "/": a third from the front, the rest from the end.
  ['features.12.conv.0', 9, 'fea…onv.0'],
  // A first part that is long gives way to the end too.
  ['/features/0/Conv', 10, '/fe…ures/0'],
  ['/Conv', 3, '/…v'],
  // The last part is the layer's own, no operator.
  ['/encoder/attention/query', 18, '/encoder/…on/query'],
  ['/encoder/attention/key', 18, '/encoder/…tion/key']
])('%s in %d letters is %s', (name, letters, short) => {
  expect(shortLayerName(name, letters)).toBe(short)
  expect(short.length).toBeLessThanOrEqual(letters)
})

it('keeps the layers of an exported network apart', () => {
  const names = [0, 1, 2].flatMap((part) =>
    [1, 2, 3, 4].map((block) => `/${block}/body/body.${part}/body.${part}.1/Conv`)
  )
  expect(new Set(names.map((name) => shortLayerName(name, 12))).size).toBe(names.length)
})
