// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import BitBars from '@renderer/components/facts/BitBars.vue'
import FactList from '@renderer/components/facts/FactList.vue'
import FigureTile from '@renderer/components/facts/FigureTile.vue'
import OriginBadge from '@renderer/components/facts/OriginBadge.vue'
import { mountView, wordsOf, type Mounted } from '../../mountView'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('a list of facts', () => {
  it('shows what could not be had as a dash without an origin, never as 0', () => {
    view = mountView(FactList, {
      facts: [
        { name: 'Clock', value: null, origin: 'measured' },
        { name: 'Cycles', value: '12', origin: 'simulated' },
        { name: 'ISA', value: 'rv32im', code: true }
      ]
    })
    const [clock, cycles, isa] = [...view.root.querySelectorAll('dd')]
    expect(clock!.textContent?.trim()).toBe('–')
    expect(wordsOf(cycles!)).toBe('12 simulated')
    expect([cycles!.className, isa!.className]).toEqual(['', 'code'])
  })
})

describe('a figure', () => {
  it('stands with its origin, its note and its tone', async () => {
    view = mountView(FigureTile, { label: 'Counted', value: '3.1 M', note: 'per image', origin: 'measured' })
    expect(wordsOf(view.root)).toBe('Counted measured 3.1 M per image')
    await view.set({ note: undefined, origin: undefined, tone: 'bad' })
    expect(wordsOf(view.root)).toBe('Counted 3.1 M')
    expect(view.the('.value').classList.contains('bad')).toBe(true)
  })
})

describe('an origin', () => {
  it.each([
    ['measured', 'Measured: counted on the device itself'],
    ['estimated', 'Estimated: computed from a model fitted to measurements'],
    ['simulated', 'Simulated: counted by the simulator and its cycle model']
  ])('%s is explained', (origin, title) => {
    view = mountView(OriginBadge, { origin })
    expect(wordsOf(view.root)).toBe(origin)
    expect(view.the('span').title).toBe(title)
  })
})

describe('bits of a scheme', () => {
  it('are bars as high as the bits, weights first', () => {
    view = mountView(BitBars, {
      scheme: [
        { layer: 'conv1', weightBits: 4, activationBits: 8 },
        { layer: 'fc1', weightBits: 1, activationBits: 2 }
      ]
    })
    const heights = [...view.root.querySelectorAll<HTMLElement>('.bar')].map(({ style }) => style.height)
    expect(heights).toEqual(['32px', '64px', '8px', '16px'])
    expect(wordsOf(view.root)).toMatch(/w4.*a8.*conv1.*w1.*a2.*fc1/)
  })
})
