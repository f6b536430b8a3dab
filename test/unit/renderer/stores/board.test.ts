import { describe, expect, it } from 'vitest'
import type { ConsoleChunk } from '@shared/contract/board'
import { AppError } from '@shared/errors'
import { useBoards } from '@renderer/stores/board'
import { sampleBoards } from '../../../e2e/support/sampleBoards'
import { withClient } from './withClient'

const chunk = (sequence: number, text: string): ConsoleChunk => ({
  sequence,
  atMs: sequence,
  direction: 'received',
  text,
  hex: Buffer.from(text).toString('hex')
})

describe('board store', () => {
  it('works with a connected board, the chosen one first', async () => {
    const other = { ...sampleBoards[1]!, state: 'connected' as const }
    const client = withClient({ 'board.list': () => ({ boards: sampleBoards }) })
    const boards = useBoards()
    await boards.load.run()
    expect(boards.active?.id).toBe('virtual:small')
    client.emit('board.changed', other)
    boards.chosenId = other.id
    expect(boards.active?.id).toBe(other.id)
    client.emit('board.changed', { ...other, state: 'reconnecting' })
    expect(boards.active?.id).toBe('virtual:small')
    client.emit('board.removed', { id: 'virtual:small' })
    expect(boards.active).toBeNull()
  })

  it('keeps the error of a failed connect with its hint', async () => {
    withClient({
      'board.connect': () => {
        throw new AppError('board.busy', 'The port is in use by picocom.', 'Close it, then connect.')
      }
    })
    const boards = useBoards()
    expect(await boards.connect.run('/dev/ttyUSB0')).toBeUndefined()
    expect(boards.connect.error).toMatchObject({ code: 'board.busy', hint: 'Close it, then connect.' })
    expect(boards.connect.busy).toBe(false)
  })

  it('joins the kept console and the live one without doubling a chunk', async () => {
    const client = withClient({
      'board.console': () => ({ chunks: [chunk(1, 'a'), chunk(2, 'b')], droppedChunks: 0 })
    })
    const boards = useBoards()
    await boards.loadConsole.run('virtual:small')
    client.emit('board.consoleText', { id: 'virtual:small', chunks: [chunk(2, 'b'), chunk(3, 'c')] })
    expect(boards.consoleOf('virtual:small').map(({ text }) => text)).toEqual(['a', 'b', 'c'])
  })
})
