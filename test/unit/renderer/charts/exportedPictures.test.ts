// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toCsv } from '@renderer/charts/files/csv'
import { elementSvg } from '@renderer/charts/files/domSvg'
import { tableSvg } from '@renderer/components/table/tableSvg'
import { tableClip, tableCsv } from '@renderer/components/table/tableText'
import type { TableColumn } from '@renderer/components/table/tableColumn'

interface Row {
  name: string
  change: number
}
const columns: TableColumn<Row>[] = [
  { title: 'Name', text: ({ name }) => name },
  { title: 'Change', text: ({ change }) => `${change} %`, value: ({ change }) => change, unit: '%' }
]

describe('cells for spreadsheets', () => {
  it('are never computed: names come from other people’s files', () => {
    const rows: Row[] = [
      { name: '=HYPERLINK("http://x";A1)', change: -4 },
      { name: '-2+3', change: 0.5 },
      { name: '-12.5', change: 1 },
      { name: '@sum', change: 1 },
      { name: '-', change: 1 }
    ]
    expect(tableCsv(columns, rows)).toBe(
      'Name,Change [%]\r\n"\'=HYPERLINK(""http://x"";A1)",-4\r\n\'-2+3,0.5\r\n-12.5,1\r\n\'@sum,1\r\n-,1\r\n'
    )
    expect(tableClip(columns, rows)).toContain('\'=HYPERLINK("http://x";A1)\t-4\n')
    expect(toCsv(['=1'], [])).toBe("'=1\r\n")
  })
})

describe('the picture of a table', () => {
  const colors = { text: '#111111', dim: '#222222', line: '#333333', surface: '#444444', font: 'sans' }
  const measure = (text: string): number => 7 * text.length

  it('is as wide as its title where the columns are narrower', () => {
    const label = 'A title that is far longer than what stands below it'
    const { svg, widthPx } = tableSvg(label, columns.slice(1), [{ name: 'a', change: 1 }], colors, measure)
    expect(widthPx).toBeGreaterThan(measure(label))
    expect(svg).toContain(`width="${widthPx}"`)
  })

  it('says how many rows it leaves out', () => {
    const rows = Array.from({ length: 503 }, (_, change) => ({ name: 'a', change }))
    expect(tableSvg('T', columns, rows, colors, measure).svg).toContain('>and 3 more rows</text>')
  })
})

describe('the picture of a part of the page', () => {
  const rect = (x: number, y: number, width: number, height: number): DOMRect =>
    new DOMRect(x, y, width, height)
  let root: HTMLElement
  beforeEach(() => {
    root = document.body.appendChild(document.createElement('div'))
  })
  afterEach(() => {
    root.remove()
    vi.restoreAllMocks()
  })
  const placed = (element: Element, box: DOMRect): void =>
    void vi.spyOn(element, 'getBoundingClientRect').mockReturnValue(box)

  it('holds what must be scrolled to, where it stands unscrolled', () => {
    root.innerHTML = '<div style="overflow: auto"><p style="background-color: rgb(1, 2, 3)"></p></div>'
    const scroller = root.firstElementChild!
    placed(root, rect(100, 50, 200, 40))
    placed(scroller, rect(100, 50, 200, 40))
    placed(scroller.firstElementChild!, rect(420, 50, 30, 40))
    vi.spyOn(scroller, 'scrollWidth', 'get').mockReturnValue(400)
    vi.spyOn(scroller, 'scrollHeight', 'get').mockReturnValue(40)
    scroller.scrollLeft = 50
    const { svg, widthPx, heightPx } = elementSvg(root, '#fff')
    expect([widthPx, heightPx]).toEqual([416, 56])
    // 320 px from the left of what is shown, and 50 scrolled away, and the margin.
    expect(svg).toContain('<rect x="378" y="8" width="30" height="40" fill="#010203"')
  })

  it('cuts texts where the page cuts them', () => {
    root.innerHTML = '<span style="overflow: hidden; text-overflow: ellipsis">abcdefghij</span>'
    placed(root, rect(0, 0, 50, 10))
    placed(root.firstElementChild!, rect(0, 0, 50, 10))
    vi.spyOn(Range.prototype, 'getBoundingClientRect').mockReturnValue(rect(0, 0, 100, 10))
    expect(elementSvg(root, '#fff').svg).toMatch(/textLength="50"[^>]*>abcd…<\/text>/)
  })
})
