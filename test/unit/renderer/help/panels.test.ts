// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import CommandPalette from '@renderer/help/CommandPalette.vue'
import FirstSteps from '@renderer/help/FirstSteps.vue'
import { readGuidePage } from '@renderer/help/guide'
import GuideText from '@renderer/help/GuideText'
import { matchCommands, shellCommands } from '@renderer/help/shellCommands'
import { shellKeyOf } from '@renderer/help/shellKeys'
import { useHelp } from '@renderer/stores/window/help'
import { useNavigation } from '@renderer/stores/window/navigation'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let mounted: Mounted<Record<string, unknown>> | undefined
const saved: unknown[] = []
beforeEach(() => {
  saved.length = 0
  withClient({
    'app.saveSettings': (patch) => {
      saved.push(patch)
      return {
        theme: 'dark',
        workers: 2,
        defaultBoard: 'virtual:small',
        nvidiaSmiPath: null,
        guideSeen: true,
        tourSeen: true,
        tour: { isOpen: false, isBegun: false, skipped: [] },
        workspace: { page: null, modelId: null, boardId: null, dataSet: null, runs: {}, sizes: {} }
      }
    }
  })
})
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
})

describe('text of a guide page', () => {
  const show = (markdown: string): HTMLElement => {
    mounted = mountView(GuideText, { page: readGuidePage('a', markdown), known: new Set(['search']) })
    return mounted.root
  }

  it('becomes elements', () => {
    const root = show('# T\n\n`c` **b**\n\n- x\n- y\n\n| h |\n|---|\n| 1 |\n\n    code <b>\n')
    expect(root.querySelector('h2')?.textContent).toBe('T')
    expect([...root.querySelectorAll('li')].map((item) => item.textContent)).toEqual(['x', 'y'])
    expect(root.querySelector('td')?.textContent).toBe('1')
    expect(root.querySelector('pre')?.textContent).toBe('code <b>')
  })

  it('shows markup as text: no script, handler, picture or foreign link comes of it', () => {
    const root = show(
      '<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> hi\n\n[go](javascript:alert(1)) ![p](https://evil.example/x.png)\n\n[s](https://evil.example/)'
    )
    expect(root.querySelectorAll('script, img, iframe, a')).toHaveLength(0)
    expect(root.textContent).toContain('<script>alert(1)</script>')
    expect(root.textContent).toContain('go (javascript:alert(1))')
  })

  it('links to another page of the guide, and to no page there is not', () => {
    const root = show('[here](search.md) [there](nothing.md)')
    expect([...root.querySelectorAll('a')].map((link) => link.textContent)).toEqual(['here'])
  })
})

describe('the command palette', () => {
  const titles = (): (string | undefined)[] =>
    [...mounted!.root.querySelectorAll('[role=option] .title')].map((one) => one.textContent ?? undefined)
  const type = async (text: string): Promise<HTMLInputElement> => {
    const input = mounted!.the<HTMLInputElement>('input')
    input.value = text
    input.dispatchEvent(new Event('input'))
    await nextTick()
    return input
  }

  it('lists every page with its keys', () => {
    const commands = shellCommands()
    expect(commands.find(({ id }) => id === 'open.boards')).toMatchObject({
      title: 'Open Boards',
      keys: 'Alt+1'
    })
    expect(commands.filter(({ id }) => id.startsWith('open.'))).toHaveLength(16)
    expect(commands.find(({ id }) => id === 'open.dataset')).toMatchObject({ keys: null })
    expect(new Set(commands.map(({ id }) => id)).size).toBe(commands.length)
  })

  it('puts matches of the title before those of the purpose, and finds nothing for nonsense', () => {
    expect(matchCommands(shellCommands(), 'board')[0]?.title).toBe('Open Boards')
    expect(matchCommands(shellCommands(), 'theme light OR dark')).toEqual([])
    expect(matchCommands(shellCommands(), '')).toHaveLength(shellCommands().length)
  })

  it('moves with the arrows, goes round, and runs what is chosen', async () => {
    mounted = mountView(CommandPalette, {})
    useHelp().isPaletteOpen = true
    const input = await type('open p')
    const shown = titles()
    expect(shown.slice(0, 2)).toEqual(['Open Profile', 'Open Proxy'])
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown' }))
    await nextTick()
    expect(mounted.the('[aria-selected=true]').textContent).toContain('Open Proxy')
    expect(input.getAttribute('aria-activedescendant')).toBe('palette-1')
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp' }))
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp' }))
    await nextTick()
    expect(mounted.the('[aria-selected=true]').id).toBe(`palette-${shown.length - 1}`)
    await type('open proxy')
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }))
    expect(useNavigation().current).toBe('proxy')
    expect(useHelp().isPaletteOpen).toBe(false)
  })
})

describe('examples in the command palette', () => {
  it('are opened, and shown on the page of what they are an example of', async () => {
    const asked: unknown[] = []
    withClient({
      'session.examples': () => ({
        examples: [{ name: 'search', title: 'The whole loop', kinds: ['search'], sizeBytes: 9 }]
      }),
      'session.openExample': (order) => {
        asked.push(order)
        const added = { title: 'Loop', state: 'added' } as const
        return {
          ...{ notes: [], models: [] },
          runs: [
            { ...added, id: 'd1', kind: 'deployment' },
            { ...added, id: 's1', kind: 'search' }
          ]
        }
      },
      'search.get': (order) => {
        asked.push(order)
        throw new Error('It is looked for, which is enough.')
      }
    })
    mounted = mountView(CommandPalette, {})
    await settle()
    const found = matchCommands(shellCommands(), 'example loop')
    expect(found.map(({ title }) => title)).toEqual(['Open the example: The whole loop'])
    found[0]!.run()
    await settle()
    expect(asked[0]).toEqual({ name: 'search' })
    expect(JSON.stringify(asked[1])).toContain('s1')
    expect(useNavigation().current).toBe('search')
  })
})

describe('first steps with what is one’s own', () => {
  it('lead to network, data and board, and are dismissed for good', async () => {
    mounted = mountView(FirstSteps, {})
    mounted.button('Open Data sets').click()
    expect(useNavigation().current).toBe('dataset')
    mounted.button('Do not show again').click()
    await settle()
    expect(saved).toEqual([{ tourSeen: true }])
  })
})

describe('keys of the window', () => {
  const press = (
    key: string,
    held: Partial<KeyboardEvent> = {},
    target: EventTarget | null = document.body
  ) => shellKeyOf({ key, altKey: false, ctrlKey: false, metaKey: false, ...held }, target)

  it('open commands, guide and pages', () => {
    expect(press('k', { ctrlKey: true })).toBe('palette')
    expect(press('K', { metaKey: true }, document.createElement('input'))).toBe('palette')
    expect(press('?')).toBe('guide')
    expect(press('3', { altKey: true })).toEqual({ page: 2 })
  })

  it('leave typing and the browser’s own keys alone', () => {
    expect(press('?', {}, document.createElement('input'))).toBeNull()
    expect(press('?', {}, document.createElement('textarea'))).toBeNull()
    expect(press('?', { ctrlKey: true })).toBeNull()
    expect(press('k')).toBeNull()
    expect(press('0', { altKey: true })).toBeNull()
    expect(press('k', { ctrlKey: true, altKey: true })).toBeNull()
  })
})
