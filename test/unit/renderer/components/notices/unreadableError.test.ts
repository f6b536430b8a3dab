import { describe, expect, it } from 'vitest'
import { unreadableError } from '@renderer/components/notices/unreadableError'

const row = (id: string) => ({ id, problem: `unit: ${id}` })

describe('the notice for rows that cannot be read', () => {
  it('is absent without any', () => {
    expect(unreadableError(['Sample', 'Samples'], [], 'Delete them.')).toBeNull()
  })

  it('counts all and names the first three with what is wrong', () => {
    expect(unreadableError(['Sample', 'Samples'], [row('a')], 'Delete it.')).toEqual({
      code: 'store.corrupt',
      message: '1 Sample cannot be read.',
      hint: 'Delete it.',
      details: { a: 'unit: a' }
    })
    const many = unreadableError(['proxy', 'proxies'], ['a', 'b', 'c', 'd', 'e'].map(row), 'Fit again.')
    expect(many?.message).toBe('5 proxies cannot be read.')
    expect(Object.keys(many!.details)).toEqual(['a', 'b', 'c', 'more'])
    expect(many!.details['more']).toBe('2 not listed')
  })
})
