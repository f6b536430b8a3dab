import { describe, expect, it } from 'vitest'
import type { LabPlaceInfo } from '@shared/contract/lab'
import { holderOfPlace, lineText, tagsText } from '@shared/text/labText'

const place = (changes: Partial<LabPlaceInfo>): LabPlaceInfo => ({
  ...{
    name: 'rack1',
    comment: '',
    tags: {},
    holder: null,
    heldMs: null,
    state: 'free',
    reserved: false,
    lines: []
  },
  ...changes
})
const line = { name: 'a', port: 'labgrid://rack1', address: null, baudRate: null, isAvailable: true }

describe('places of a lab in words', () => {
  it('say who holds them and since when', () => {
    expect(holderOfPlace(place({}))).toBe('free')
    expect(holderOfPlace(place({ reserved: true }))).toBe('free, reserved')
    const held = { holder: 'desk/me', heldMs: 90_000 }
    expect(holderOfPlace(place({ ...held, state: 'here' }))).toMatch(/^connected here, for 1/)
    expect(holderOfPlace(place({ ...held, state: 'left' }))).toMatch(/^left held by desk\/me, .*not by this/)
    expect(holderOfPlace(place({ ...held, state: 'held' }))).toMatch(/^held by desk\/me, for /)
  })

  it('say where their lines are and which tags they have', () => {
    expect(lineText(line)).toBe('opens when the place is acquired')
    expect(lineText({ ...line, address: 'tcp://h:1' })).toBe('tcp://h:1')
    expect(lineText({ ...line, address: 'tcp://h:1', isAvailable: false })).toBe('its device is not there')
    expect(tagsText(place({ tags: { soc: 'litex', board: 'arty' } }))).toBe('board=arty soc=litex')
  })
})
