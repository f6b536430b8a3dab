// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { MemoryClient } from '@renderer/client/memoryClient'
import { useFiles } from '@renderer/stores/file'
import AddDataSet from '@renderer/views/dataset/AddDataSet.vue'
import { choose, submit } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let client: MemoryClient
let view: Mounted<Record<string, never>>
beforeEach(() => {
  client = withClient({})
  view = mountView(AddDataSet, {})
})
afterEach(() => view.unmount())

const field = (label: string): HTMLInputElement => {
  const found = [...view.root.querySelectorAll('label')].find((one) => one.textContent?.includes(label))!
  return found.querySelector('input') ?? (document.getElementById(found.htmlFor) as HTMLInputElement)
}
async function type(label: string, text: string): Promise<void> {
  const input = field(label)
  input.value = text
  input.dispatchEvent(new Event('input'))
  await nextTick()
}

it.each([
  ['', false],
  ['28x28', false],
  [' 96 × 128 ', false],
  ['28', true],
  ['28x', true],
  ['a x b', true]
])('a size "%s" cannot be read: %s', async (size, disabled) => {
  await type('File or folder', '/data/pictures')
  await type('Name', 'pictures')
  await type('Height x width', size)
  expect(view.button('Read').disabled).toBe(disabled)
})

it('needs a path and a name', async () => {
  expect(view.button('Read').disabled).toBe(true)
  await type('Name', 'pictures')
  expect(view.button('Read').disabled).toBe(true)
  await type('File or folder', '   ')
  expect(view.button('Read').disabled).toBe(true)
})

it('sends numbers, height first, and the error stays beside what was typed', async () => {
  await type('File or folder', ' /data/pictures ')
  await type('Name', 'pictures')
  await type('Height x width', '96 × 128')
  view.the('form').dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
  expect(client.calls.find(({ name }) => name === 'dataset.add')?.input).toMatchObject({
    path: '/data/pictures',
    name: 'pictures',
    preparation: { size: [96, 128] }
  })
  expect(view.text()).toContain('No handler for dataset.add.')
  expect(field('Name').value).toBe('pictures')
})

it('asks for the class column of tables alone, and sends the classes in their order', async () => {
  expect(view.text()).not.toContain('Classes in')
  await type('File or folder', '/data/pictures')
  expect(view.text()).not.toContain('Class column')
  await type('File or folder', '/data/table.CSV')
  await type('Name', 'table')
  await type('Class column', ' colour ')
  await type("Classes in the network's order", 'red')
  expect(view.button('Read').disabled).toBe(true)
  await type("Classes in the network's order", 'red, green ,blue,')
  view.the('form').dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
  expect(client.calls.find(({ name }) => name === 'dataset.add')?.input).toMatchObject({
    labelColumn: 'colour',
    classNames: ['red', 'green', 'blue']
  })
})

it('turns pictures grey on request', async () => {
  await type('File or folder', '/data/pictures')
  await type('Name', 'pictures')
  await choose(view, 'Colours', 'grey')
  await submit(view)
  expect(client.calls.find(({ name }) => name === 'dataset.add')?.input).toMatchObject({
    preparation: { size: null, grey: true }
  })
})

it.each([
  ['/d/table.csv.gz', 'table'],
  ['/d/pixels.gz', 'pixels'],
  ['/d/set.npz', 'set'],
  ['/d/pictures', 'pictures'],
  ['/d/set.v2', 'set.v2'],
  ['C:\\d\\odd.', 'odd.']
])('names the set of %s %s', async (path, name) => {
  const files = useFiles()
  files.offered = { path, name: path, kind: 'dataset', isFolder: false, bytes: 1 } as never
  await settle()
  expect(field('Name').value).toBe(name)
})

it('sends what is typed below: axes, scale, columns to predict of tables', async () => {
  await type('File or folder', '/data/table.csv')
  await type('Name', 'table')
  await type('Scale', 'a')
  expect(view.button('Read').disabled).toBe(true)
  expect(view.text()).toContain('“Scale” holds no numbers that fit.')
  await type('Scale', '1/4')
  await type('Columns to predict', 'price')
  await choose(view, 'Axes of arrays', 'channels first')
  view.the('form').dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
  expect(client.calls.find(({ name }) => name === 'dataset.add')?.input).toMatchObject({
    targetColumns: ['price'],
    preparation: { layout: 'chw', normalise: { scale: 0.25, mean: [0], std: [1] } }
  })
})

it('names the set after the path while it is typed, until the name is changed', async () => {
  await type('File or folder', '/data/my set/ecg')
  expect(field('Name').value).toBe('ecg')
  await type('File or folder', '/data/my set/ecg 600.npz')
  expect(field('Name').value).toBe('ecg 600')
  await type('Name', 'hearts')
  await type('File or folder', '/data/other.npz')
  expect(field('Name').value).toBe('hearts')
  await type('Name', '')
  await type('File or folder', '~/täglich/.hidden?.csv')
  expect(field('Name').value).toBe('hidden-')
})
