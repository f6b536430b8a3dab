import { describe, expect, it } from 'vitest'
import { arrangeRows, nextSort, type Arrangement } from '@renderer/components/table/arrangeRows'
import { readFilter } from '@renderer/components/table/rowFilter'
import {
  clickRow,
  keepPresent,
  moveBy,
  noSelection,
  toggleAll,
  toggleRow
} from '@renderer/components/table/rowSelection'
import {
  cellValue,
  dateColumn,
  percentOf,
  scoreColumn,
  type TableColumn
} from '@renderer/components/table/tableColumn'
import { unavailable } from '@shared/units'
import { tableClip, tableCsv } from '@renderer/components/table/tableText'

interface Layer {
  name: string
  cycles: number | null
}
const columns: TableColumn<Layer>[] = [
  { title: 'Layer', text: ({ name }) => name },
  {
    title: 'Of int8',
    text: ({ cycles }) => (cycles === null ? '–' : `${cycles / 1000} k`),
    value: ({ cycles }) => cycles,
    unit: 'cycles',
    align: 'right'
  }
]
const layers: Layer[] = [
  { name: 'conv10', cycles: 1200 },
  { name: 'conv2', cycles: 900 },
  { name: 'fc, last', cycles: null },
  { name: 'Conv1', cycles: 20_000 }
]
const keyed = layers.map((row, key) => ({ key, row }))
const asCame: Arrangement = { sort: null, filter: '', pinned: new Set() }
const keysOf = (arrangement: Partial<Arrangement>): (string | number)[] =>
  arrangeRows(keyed, columns, { ...asCame, ...arrangement }).map(({ key }) => key)

describe('rows of a table in their order', () => {
  it('sorts figures by value, not by their text, and unknown ones last both ways', () => {
    expect(keysOf({ sort: { title: 'Of int8', descending: false } })).toEqual([1, 0, 3, 2])
    expect(keysOf({ sort: { title: 'Of int8', descending: true } })).toEqual([3, 0, 1, 2])
  })

  it('sorts words with the numbers in them by size, whatever their capitals', () => {
    expect(keysOf({ sort: { title: 'Layer', descending: false } })).toEqual([3, 1, 0, 2])
  })

  it('leaves rows as they came for an unknown column, and equal ones always', () => {
    expect(keysOf({ sort: { title: 'gone', descending: true } })).toEqual([0, 1, 2, 3])
    const same = [1, 2, 3].map((key) => ({ key, row: { name: 'x', cycles: NaN } }))
    for (const descending of [false, true])
      expect(
        arrangeRows(same, columns, { ...asCame, sort: { title: 'Of int8', descending } }).map(
          ({ key }) => key
        )
      ).toEqual([1, 2, 3])
  })

  it('keeps pinned rows on top, sorted too, and no filter hides them', () => {
    const pinned = new Set([2, 3])
    expect(keysOf({ pinned })).toEqual([2, 3, 0, 1])
    expect(keysOf({ pinned, filter: 'conv2' })).toEqual([2, 3, 1])
    expect(keysOf({ pinned, sort: { title: 'Of int8', descending: false } })).toEqual([3, 2, 1, 0])
  })

  it('sorts 100,000 rows as an independent sort does', () => {
    let state = 7
    const random = (): number => (state = (state * 48_271) % 2_147_483_647)
    const rows = Array.from({ length: 100_000 }, (_, key) => ({ key, row: { name: '', cycles: random() } }))
    const expected = Float64Array.from(rows, ({ row }) => row.cycles).sort()
    const sort = { title: 'Of int8', descending: false }
    expect(arrangeRows(rows, columns, { ...asCame, sort }).map(({ row }) => row.cycles)).toEqual([
      ...expected
    ])
  })

  it('rises, falls and returns with every click on a title', () => {
    const rising = nextSort(null, 'Layer')
    const falling = nextSort(rising, 'Layer')
    expect([rising, falling, nextSort(falling, 'Layer')]).toEqual([
      { title: 'Layer', descending: false },
      { title: 'Layer', descending: true },
      null
    ])
    expect(nextSort(falling, 'Of int8')).toEqual({ title: 'Of int8', descending: false })
  })
})

describe('the filter of a table', () => {
  const passing = (filter: string): string[] => {
    const test = readFilter(filter, columns)
    return layers.filter((row) => test === null || test(row)).map(({ name }) => name)
  }

  it.each([
    ['', ['conv10', 'conv2', 'fc, last', 'Conv1']],
    ['   ', ['conv10', 'conv2', 'fc, last', 'Conv1']],
    ['CONV1', ['conv10', 'Conv1']],
    ['conv -10', ['conv2', 'Conv1']],
    ['"fc, last"', ['fc, last']],
    ['ofint8<1200', ['conv2']],
    ['ofint8<=1200', ['conv10', 'conv2']],
    ['of>1000 conv', ['conv10', 'Conv1']],
    ['-ofint8<1200', ['conv10', 'fc, last', 'Conv1']],
    ['ofint8=900', ['conv2']],
    ['ofint8!=900', ['conv10', 'fc, last', 'Conv1']],
    ['layer=conv1', ['Conv1']],
    ['layer="fc, last"', ['fc, last']],
    ['ofint8<lots', []],
    ['nothing<5', []],
    ['20 k', ['Conv1']],
    ['-', []]
  ])('%s', (filter, names) => expect(passing(filter)).toEqual(names))
})

describe('chosen rows', () => {
  const keys = ['a', 'b', 'c', 'd']
  const marks = (selection: { marked: ReadonlySet<string | number> }): (string | number)[] => [
    ...selection.marked
  ]

  it('marks with Ctrl, marks a range with Shift in either direction, and a plain click takes marks away', () => {
    const one = clickRow(noSelection, keys, 'c', { ctrl: true })
    expect(marks(one)).toEqual(['c'])
    const range = clickRow(one, keys, 'a', { shift: true })
    expect(marks(range)).toEqual(['a', 'b', 'c'])
    expect(marks(clickRow(range, keys, 'd', { shift: true }))).toEqual(['c', 'd'])
    expect(clickRow(range, keys, 'b')).toEqual({ current: 'b', anchor: 'b', marked: new Set() })
    expect(marks(clickRow(one, keys, 'c', { ctrl: true }))).toEqual([])
  })

  it('moves and stops at the ends, extends with Shift and begins at the first row', () => {
    expect(moveBy(noSelection, keys, 1).current).toBe('a')
    const at = clickRow(noSelection, keys, 'c')
    expect(moveBy(at, keys, 1).current).toBe('d')
    expect(moveBy(at, keys, 99).current).toBe('d')
    expect(moveBy(at, keys, -99).current).toBe('a')
    const extended = moveBy(moveBy(at, keys, -1, true), keys, -1, true)
    expect([extended.current, marks(extended)]).toEqual(['a', ['a', 'b', 'c']])
    expect(marks(moveBy(extended, keys, 1, true))).toEqual(['b', 'c'])
    expect(moveBy(at, [], 1)).toBe(at)
  })

  it('marks all and none, and forgets rows that are gone', () => {
    const all = toggleAll(noSelection, keys)
    expect(marks(all)).toEqual(keys)
    expect(marks(toggleAll(all, keys))).toEqual([])
    expect(marks(toggleAll(toggleRow(noSelection, 'a'), keys))).toEqual(keys)
    expect(toggleAll(noSelection, []).marked.size).toBe(0)
    expect(keepPresent({ current: 'a', anchor: 'b', marked: new Set(['b', 'c']) }, new Set(['b']))).toEqual({
      current: null,
      anchor: 'b',
      marked: new Set(['b'])
    })
  })

  it('marks the row alone when the anchor of a range is filtered away', () => {
    const before = clickRow(noSelection, keys, 'a')
    expect(marks(clickRow(before, ['c', 'd'], 'd', { shift: true }))).toEqual(['d'])
  })
})

describe('tables carried away', () => {
  it('writes values with every digit, units in the header, and quotes what needs it', () => {
    expect(tableCsv(columns, layers.slice(1, 3))).toBe(
      'Layer,Of int8 [cycles]\r\nconv2,900\r\n"fc, last",\r\n'
    )
    expect(tableCsv(columns, [])).toBe('Layer,Of int8 [cycles]\r\n')
  })

  it('copies with tabs, one row a line', () => {
    expect(tableClip(columns, [{ name: 'a\tb\nc', cycles: 1 / 3 }])).toBe(
      'Layer\tOf int8 [cycles]\na b c\t0.3333333333333333\n'
    )
  })

  it('writes dates as ISO 8601 and takes what is no finite number for unknown', () => {
    const date = dateColumn<{ at: number | null }>('Started', ({ at }) => at)
    expect(tableCsv([date], [{ at: 86_400_000 }, { at: null }])).toBe(
      'Started\r\n1970-01-02T00:00:00.000Z\r\n\r\n'
    )
    expect(cellValue(columns[1]!, { name: '', cycles: NaN })).toBeNull()
    expect(cellValue(columns[0]!, { name: unavailable, cycles: 1 })).toBeNull()
    expect([percentOf(0.25), percentOf(null), percentOf(undefined)]).toEqual([25, null, null])
  })
})

describe('a column of scores', () => {
  it('counts in % where the score is a share, else as it is', () => {
    const share = scoreColumn<number | null>('accuracy', (score) => score)
    expect([share.title, share.unit, share.text(0.8725), share.value?.(0.875)]).toEqual([
      'Accuracy',
      '%',
      '87.25 %',
      87.5
    ])
    const area = scoreColumn<number | null>('AUC', (score) => score)
    expect([area.title, area.unit, area.text(0.98312), area.value?.(0.98312)]).toEqual([
      'AUC',
      '',
      '0.9831',
      0.98312
    ])
    for (const column of [share, area]) {
      expect(column.text(null)).toBe(unavailable)
      expect(column.value?.(null)).toBeNull()
    }
  })
})
