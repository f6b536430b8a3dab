import { describe, expect, it } from 'vitest'
import { clientOutSchema } from '@main/lab/coordinatorCalls'

describe('messages of a coordinator', () => {
  it('are read without the updates that do not fit; the sync is never lost with them', () => {
    const read = clientOutSchema.parse({
      sync: { id: 1 },
      updates: [{ kind: 'place', place: { name: 7 } }, { kind: 'delPlace', delPlace: 'rack1' }, 'nonsense']
    })
    expect(read).toEqual({ sync: { id: 1 }, updates: [{ kind: 'delPlace', delPlace: 'rack1' }] })
  })
})
