import { describe, expect, it } from 'vitest'
import { farmBoards } from '@shared/farmBoards'
import { sampleLabStatus } from '../../e2e/support/sampleLab'

const lease = (name: string, leftMs: number) => ({
  ...{ name, token: 1, host: 'bench-b', pid: 7, user: 'grace', heldMs: 5_000, leftMs }
})

describe('boards across hosts', () => {
  it('are held ones before free ones, with holder and time left, and a leased place once', () => {
    const rows = farmBoards(
      [lease('10.0.0.7:3333', 9_000), lease('bench-a:40002', 12_000)],
      sampleLabStatus.places
    )
    expect(rows.map(({ name, holder, leftMs }) => [name, holder, leftMs])).toEqual([
      ['10.0.0.7:3333', 'grace on bench-b, process 7', 9_000],
      ['labgrid://arty-2', 'desk/ada', null],
      ['labgrid://icebreaker', 'bench-b/grace', 12_000],
      ['labgrid://kria', 'desk/ada', null],
      ['labgrid://arty-1', null, null],
      ['labgrid://spare', null, null]
    ])
    expect(rows.filter(({ isLeft }) => isLeft).map(({ name }) => name)).toEqual(['labgrid://kria'])
  })

  it('are held where their line is leased, though nobody acquired the place', () => {
    const places = sampleLabStatus.places.map((place) => ({ ...place, holder: null, heldMs: null }))
    const rows = farmBoards([lease('bench-a:40002', 12_000)], places)
    expect(rows.filter(({ holder }) => holder !== null)).toMatchObject([
      { name: 'labgrid://icebreaker', holder: 'grace on bench-b, process 7', heldMs: 5_000, leftMs: 12_000 }
    ])
  })

  it('are none without a server and a coordinator', () => {
    expect(farmBoards([], [])).toEqual([])
  })
})
