import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { layoutGraph } from '@core/model/graphLayout'

const node = (name: string, ...inputs: string[]) => ({ name, inputs })

describe('layout of a network', () => {
  it('a chain is a straight line', () => {
    const { places, edges, columns, lanes } = layoutGraph([
      node('a', 'input'),
      node('b', 'a'),
      node('c', 'b')
    ])
    expect(places.map(({ column, lane }) => [column, lane])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0]
    ])
    expect(edges).toEqual([
      [0, 1],
      [1, 2]
    ])
    expect([columns, lanes]).toEqual([3, 1])
  })

  it('a branch leaves the line and comes back behind its longest way', () => {
    const { places } = layoutGraph([
      node('in', 'input'),
      node('long1', 'in'),
      node('short', 'in'),
      node('long2', 'long1'),
      node('add', 'long2', 'short', 'short')
    ])
    expect(Object.fromEntries(places.map(({ name, column, lane }) => [name, [column, lane]]))).toEqual({
      in: [0, 0],
      long1: [1, 0],
      short: [1, 1],
      long2: [2, 0],
      add: [3, 0]
    })
  })

  it('no two nodes share a place and every edge goes to the right, on random networks', () => {
    const random = createRandom(5)
    for (let round = 0; round < 50; round++) {
      const nodes = Array.from({ length: 1 + random.integer(60) }, (_, at) =>
        node(`n${at}`, ...Array.from({ length: random.integer(4) }, () => `n${random.integer(at + 1)}`))
      )
      const { places, edges, columns, lanes } = layoutGraph(nodes)
      expect(new Set(places.map(({ column, lane }) => `${column} ${lane}`)).size).toBe(nodes.length)
      for (const [from, to] of edges) expect(places[from]!.column).toBeLessThan(places[to]!.column)
      expect(Math.max(...places.map(({ column }) => column))).toBe(columns - 1)
      expect(Math.max(...places.map(({ lane }) => lane))).toBe(lanes - 1)
    }
  })

  it('nothing gives nothing', () =>
    expect(layoutGraph([])).toEqual({ places: [], edges: [], columns: 0, lanes: 0 }))
})
