import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { pageOfHash, shortcutPages, useNavigation } from '@renderer/stores/window/navigation'

describe('navigation', () => {
  const listeners: (() => void)[] = []
  beforeEach(() => {
    listeners.length = 0
    vi.stubGlobal('location', { hash: '#/proxy' })
    vi.stubGlobal('window', {
      addEventListener: (_: string, listener: () => void) => listeners.push(listener)
    })
    setActivePinia(createPinia())
  })

  it('opens the page of the address and follows it', () => {
    const navigation = useNavigation()
    expect(navigation.current).toBe('proxy')
    location.hash = '#/search'
    for (const listener of listeners) listener()
    expect(navigation.page.title).toBe('Search')
  })

  it('writes the page into the address', () => {
    useNavigation().open('deploy')
    expect(location.hash).toBe('/deploy')
  })

  it('knows no page by a foreign fragment', () => {
    expect(pageOfHash('#token=x')).toBeNull()
    expect(pageOfHash('#/nowhere')).toBeNull()
    expect(shortcutPages.map(({ id }) => id)).toEqual([
      'boards',
      'profile',
      'proxy',
      'model',
      'search',
      'deploy',
      'gpu'
    ])
  })
})
