import { expect, it } from 'vitest'
import { namedBoard } from '@main/cli/profile/namedBoard'

const measured = [
  { boardId: 'virtual:small', boardName: 'Virtual small' },
  { boardId: 'virtual:small', boardName: 'Virtual small' },
  { boardId: 'virtual:high', boardName: 'Virtual high' },
  { boardId: 'import:lab', boardName: 'Lab, board 2' }
]

it('finds a board by its id, its name in any capitals, and the beginning of its id', () => {
  expect(namedBoard(measured, 'virtual:high')).toBe('virtual:high')
  expect(namedBoard(measured, ' lab, BOARD 2 ')).toBe('import:lab')
  expect(namedBoard(measured, 'impo')).toBe('import:lab')
})

it('leaves a name that no board has, or too short a beginning, to the host', () => {
  expect(namedBoard(measured, 'nothing')).toBe('nothing')
  expect(namedBoard(measured, 'imp')).toBe('imp')
})

it('refuses a beginning of several ids, and names them', () => {
  expect(() => namedBoard(measured, 'virtual')).toThrow(
    '"virtual" fits 2 boards: virtual:small (Virtual small), virtual:high (Virtual high).'
  )
})
