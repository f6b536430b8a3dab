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
    const other = { ...sampleBoards[1]!, state: 'connected' as const, info: sampleBoards[0]!.info }
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

  it('an open line without a monitor is no board to measure on, even when it is the one shown', async () => {
    withClient({ 'board.list': () => ({ boards: sampleBoards }) })
    const boards = useBoards()
    await boards.load.run()
    boards.chosenId = '/dev/ttyUSB3'
    expect(boards.shown).toMatchObject({ id: '/dev/ttyUSB3', state: 'connected', info: null })
    expect(boards.active?.id).toBe('virtual:small')
  })

  it('connects several boards at once and tells the first failure when all were tried', async () => {
    const tried: string[] = []
    withClient({
      'board.connect': ({ id }) => {
        tried.push(id)
        if (id === '/dev/ttyUSB0') throw new AppError('board.busy', 'In use by picocom.', 'Close it.')
        return { board: { ...sampleBoards[0]!, id } }
      }
    })
    const boards = useBoards()
    await boards.connectAll.run(['/dev/ttyUSB0', 'a', 'b'])
    expect(tried).toEqual(['/dev/ttyUSB0', 'a', 'b'])
    expect(boards.connected.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(boards.connectAll.error?.code).toBe('board.busy')
  })

  it('forgets the error of a connect with the board, and with no other board', async () => {
    const lost = { ...sampleBoards[0]!, id: '/dev/ttyUSB7', state: 'available' as const, info: null }
    let listed = [...sampleBoards, lost]
    withClient({
      'board.list': () => ({ boards: listed }),
      'board.forget': ({ id }) => {
        listed = listed.filter((board) => board.id !== id)
        return { ok: true as const }
      },
      'board.connect': () => {
        throw new AppError('board.notFound', 'There is no port.', 'Plug the board in.')
      }
    })
    const boards = useBoards()
    await boards.load.run()
    await boards.connect.run('/dev/ttyUSB7')
    expect(boards.triedId).toBe('/dev/ttyUSB7')
    await boards.forget.run(sampleBoards[1]!.id)
    expect(boards.connect.error?.code).toBe('board.notFound')
    await boards.forget.run('/dev/ttyUSB7')
    expect(boards.connect.error).toBeNull()
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
