import { describe, expect, it } from 'vitest'
import { behindProxy, chooseLine, lineClosed, placeHeld, placeNamed } from '@main/lab/labRefusals'
import type { LabLine, LabPlace } from '@core/lab/places'

const place = (name: string, more: Partial<LabPlace> = {}): LabPlace =>
  ({ name, aliases: [`${name}-alias`], acquired: 'lab/ann', changedMs: 0, ...more }) as LabPlace
const line = (name: string): LabLine => ({ name }) as LabLine

describe('a place of a lab', () => {
  it('is found by name and alias', () => {
    const places = [place('one'), place('two')]
    expect(placeNamed({ places }, 'two')).toBe(places[1])
    expect(placeNamed({ places }, 'one-alias')).toBe(places[0])
  })

  it('is refused with the places there are, twelve at most, in their order', () => {
    const hintOf = (count: number): string => {
      const places = Array.from({ length: count }, (_, at) =>
        place(`p${String(count - at).padStart(2, '0')}`)
      )
      try {
        placeNamed({ places }, 'x')
      } catch (error) {
        return (error as { hint: string }).hint
      }
      return ''
    }
    const twelve = Array.from({ length: 12 }, (_, at) => `p${String(at + 1).padStart(2, '0')}`).join(', ')
    expect(hintOf(12)).toBe(`There are: ${twelve}.`)
    expect(hintOf(13)).toBe(`There are: ${twelve}, ….`)
    expect(hintOf(0)).toContain('It has none')
  })

  it('that is held says by whom, since when and for how long', () => {
    const held = place('board', { changedMs: Date.UTC(2026, 0, 2, 3, 4, 59) })
    const error = placeHeld(held, 'here/bob', held.changedMs + 5000)
    expect(error.message).toBe('The place board is held by lab/ann since 2026-01-02 03:04 UTC.')
    expect(error.hint).toContain('bitbench lab release board --holder lab/ann')
    expect(error.details).toEqual({ place: 'board', holder: 'lab/ann', heldMs: 5000 })
    // A coordinator whose clock is ahead.
    expect(placeHeld(held, 'here/bob', held.changedMs - 9).details).toMatchObject({ heldMs: 0 })
    expect(placeHeld(held, 'lab/ann', 0).message).toContain('under your own name (lab/ann)')
  })
})

describe('the serial line of a place', () => {
  const board = (resource: string | null) => ({ place: 'p', resource })
  it('is the only one, or the named one of several', () => {
    expect(chooseLine([line('a')], board(null)).name).toBe('a')
    expect(chooseLine([line('a'), line('b')], board('b')).name).toBe('b')
  })
  it.each([
    [[], null, 'input.notFound', 'Its exporter may be gone'],
    [[line('a'), line('b')], null, 'input.invalid', 'Choose: labgrid://p/a, labgrid://p/b.'],
    [[line('a')], 'c', 'input.notFound', 'There are: labgrid://p/a.'],
    [[line('a'), line('a')], 'a', 'input.invalid', 'Choose: labgrid://p/a, labgrid://p/a.']
  ])('is refused: %j, %s', (lines, resource, code, hint) => {
    expect(() => chooseLine(lines, board(resource))).toThrow(
      expect.objectContaining({ code, hint: expect.stringContaining(hint) as string }) as Error
    )
  })
  it('that does not open, or lies behind a tunnel, says what to do', () => {
    expect(lineClosed('p', 15_000).message).toContain('within 15 s')
    expect(behindProxy('p', 'tcp://host:4001', 'gate').hint).toContain('ssh -L 3000:host:4001 gate')
  })
})
