import { expect, it } from 'vitest'
import { boardNamer } from '@shared/text/boardName'

it('names boards, those of session files apart from those here', () => {
  const nameOf = boardNamer([
    { id: 'virtual:small', name: 'Virtual board, small' },
    { id: '/dev/ttyUSB0', name: 'Mine' },
    { id: '10.0.0.1@lab', name: 'Bench 3' }
  ])
  expect(nameOf('virtual:small')).toBe('Virtual board, small')
  expect(nameOf('virtual:small@example')).toBe('Virtual board, small (example)')
  expect(nameOf('virtual:gone@example')).toBe('virtual:gone (example)')
  // The same port of another machine is another board.
  expect(nameOf('/dev/ttyUSB0@1b2c3d4e')).toBe('/dev/ttyUSB0 (of session 1b2c3d4e)')
  expect(nameOf('10.0.0.1@lab')).toBe('Bench 3')
  expect(nameOf('Stand-in A100')).toBe('Stand-in A100')
})
