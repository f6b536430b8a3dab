// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import BoardConsole from '@renderer/views/boards/BoardConsole.vue'
import { sampleBoards, sampleConsole } from '../../../../e2e/support/sampleBoards'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const board = sampleBoards.find(({ state }) => state === 'connected')!
const shown = async (handlers: Parameters<typeof withClient>[0] = {}, changes: object = {}) => {
  const client = withClient({ 'board.console': () => ({ chunks: [], droppedChunks: 0 }), ...handlers })
  view = mountView(BoardConsole, { board: { ...board, ...changes } })
  await settle()
  return client
}
const field = (label: string): HTMLInputElement => view.the(`[aria-label="${label}"]`)
const set = async (label: string, value: string): Promise<void> => {
  field(label).value = value
  field(label).dispatchEvent(new Event(label === 'Line end' ? 'change' : 'input'))
  await settle()
}
const sent = (client: { calls: { name: string; input: unknown }[] }): unknown[] =>
  client.calls.filter(({ name }) => name === 'board.sendText').map(({ input }) => input)
const send = async (): Promise<void> => {
  view.the('form.entry').dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
}

describe('a line that is sent', () => {
  it('ends as chosen, and is gone from the field', async () => {
    const client = await shown({ 'board.sendText': () => ({ ok: true as const }) })
    await set('Line to send', '?')
    await send()
    await set('Line to send', 'run')
    await set('Line end', '\r\n')
    await send()
    expect(sent(client)).toMatchObject([{ text: '?\r' }, { text: 'run\r\n' }])
    expect(field('Line to send').value).toBe('')
  })

  it('stays in the field when the board did not take it', async () => {
    await shown({
      'board.sendText': () =>
        Promise.reject(new AppError('board.disconnected', 'the line is closed', 'Connect it.'))
    })
    await set('Line to send', '?')
    await send()
    expect(field('Line to send').value).toBe('?')
    expect(view.text()).toContain('the line is closed')
  })

  it('needs a board that is connected', async () => {
    await shown({}, { state: 'available' })
    expect(field('Line to send').disabled).toBe(true)
    expect(view.text()).toContain('The line is closed. Connect the board')
  })
})

describe('what was received', () => {
  it('is text or bytes, is searched, and says when nothing is found', async () => {
    await shown({ 'board.console': () => ({ chunks: sampleConsole, droppedChunks: 0 }) })
    const lines = (): number => view.root.querySelectorAll('.screen > div').length
    expect(lines()).toBeGreaterThan(0)
    await set('Search the console', 'no such word')
    expect(lines()).toBe(0)
    expect(view.text()).toContain('No line contains this.')
    expect(view.text()).toContain('0 lines found')
    await set('Search the console', '')
    const asText = view.the('.screen').textContent
    view.button('Hex').click()
    await settle()
    expect(view.the('.screen').textContent).not.toBe(asText)
  })

  it('is only waited for while the line is open', async () => {
    await shown()
    expect(view.text()).toContain('Nothing was received yet')
  })
})
