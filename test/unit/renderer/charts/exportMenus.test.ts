// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import BitBars from '@renderer/components/facts/BitBars.vue'
import DataTable from '@renderer/components/table/DataTable.vue'
import type { TableColumn } from '@renderer/components/table/tableColumn'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let view: Mounted<Record<string, unknown>>
const saved: { name: string; blob: Blob }[] = []
beforeEach(() => {
  withClient({})
  // Looks of tables that other files of this worker kept.
  localStorage.clear()
  saved.length = 0
  let blob = new Blob()
  vi.spyOn(URL, 'createObjectURL').mockImplementation((given) => {
    blob = given as Blob
    return 'blob:1'
  })
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    saved.push({ name: this.download, blob })
  })
})
afterEach(() => {
  view.unmount()
  vi.restoreAllMocks()
})
const exported = async (entry: string): Promise<{ name: string; type: string; text: string } | undefined> => {
  view.button(entry).click()
  await settle()
  const last = saved.pop()
  return last && { name: last.name, type: last.blob.type, text: await last.blob.text() }
}
const entries = (): (string | undefined)[] =>
  [...view.root.querySelectorAll('.items button:not([role])')].map((one) => one.textContent?.trim())

it('a picture of the page is saved as it is shown and as figures, or its error is shown', async () => {
  view = mountView(BitBars, { scheme: [{ layer: 'conv1', weightBits: 4, activationBits: 8 }] })
  expect(entries()).toEqual(['PNG, twice the size', 'SVG', 'CSV', 'Copy picture', 'Copy as CSV'])
  expect(await exported('SVG')).toMatchObject({ name: 'bits-per-layer.svg', type: 'image/svg+xml' })
  expect(await exported('CSV')).toEqual({
    name: 'bits-per-layer.csv',
    type: 'text/csv',
    text: 'layer,weight bits,activation bits\r\nconv1,4,8\r\n'
  })
  vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('Not allowed.'))
  expect(await exported('Copy as CSV')).toBeUndefined()
  expect(view.text()).toContain('Not exported: Not allowed.')
})

it('a table is saved with its rows as they are when the entry is chosen', async () => {
  const columns: TableColumn<string>[] = [{ title: 'Name', text: (row) => row }]
  view = mountView(DataTable, { label: 'Runs', columns, rows: ['a'], rowKey: (row: string) => row })
  expect(entries()).toEqual([
    ...['CSV, all rows and columns', 'CSV, as shown', 'CSV, chosen rows', 'Copy as shown'],
    ...['PNG, twice the size, as shown', 'SVG, as shown', 'Copy picture', 'Copy chosen rows']
  ])
  await view.set({ rows: ['a', 'b'] })
  expect(await exported('CSV, as shown')).toEqual({
    name: 'runs-shown.csv',
    type: 'text/csv',
    text: 'Name\r\na\r\nb\r\n'
  })
})
