import { describe, expect, it } from 'vitest'
import { useLab } from '@renderer/stores/lab'
import type { LabStatus } from '@shared/contract/lab'
import { AppError } from '@shared/errors'
import { withClient } from './withClient'

const status = (changes: Partial<LabStatus>): LabStatus => ({
  ...{ coordinator: null, kept: false, problem: null, self: 'desk/me', places: [] },
  ...changes
})

describe('lab store', () => {
  it('names a coordinator without the spaces around it, and forgets it', async () => {
    const client = withClient({
      'lab.connect': () => status({ coordinator: 'lab:20408', kept: true }),
      'lab.disconnect': () => status({})
    })
    const lab = useLab()
    lab.draft = '  lab '
    await lab.connect.run()
    expect(client.calls.at(-1)).toEqual({ name: 'lab.connect', input: { coordinator: 'lab' } })
    expect([lab.isNamed, lab.draft]).toEqual([true, ''])
    await lab.disconnect.run()
    expect(lab.isNamed).toBe(false)
  })

  it('releases a place from the holder that was shown, and keeps the list where that is refused', async () => {
    const client = withClient({
      'lab.status': () => status({ coordinator: 'lab:20408' }),
      'lab.release': () => {
        throw new AppError('board.busy', 'It is connected here.', 'Disconnect it.')
      }
    })
    const lab = useLab()
    await lab.load.run()
    await lab.release.run({ name: 'rack1', holder: null })
    expect(client.calls.map(({ name }) => name)).toEqual(['lab.status'])
    await lab.release.run({ name: 'rack1', holder: 'other/you' })
    expect(client.calls.at(-1)?.input).toEqual({ place: 'rack1', holder: 'other/you' })
    expect(lab.release.error?.code).toBe('board.busy')
    expect(lab.status?.coordinator).toBe('lab:20408')
  })
})
