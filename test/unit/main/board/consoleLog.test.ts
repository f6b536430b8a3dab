import { describe, expect, it } from 'vitest'
import { createConsoleLog } from '@main/board/consoleLog'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('console log', () => {
  it('gives a reader that polls every byte once, also of a chunk that was still growing', () => {
    const log = createConsoleLog({ nowMs: () => 0, onBatch: () => undefined })
    let seen = ''
    let after = 0
    const poll = (): void => {
      for (const chunk of log.after(after)) {
        after = chunk.sequence
        seen += chunk.text
      }
    }
    log.bytes('received', bytes('m-na'))
    poll()
    log.bytes('received', bytes('me'))
    log.bytes('received', bytes('-dut\r\n'))
    poll()
    poll()
    log.close()
    expect(seen).toBe('m-name-dut\r\n')
  })

  it('joins what arrives together into one chunk for those that listen', () => {
    const batches: string[][] = []
    const log = createConsoleLog({
      nowMs: () => 0,
      onBatch: (chunks) => batches.push(chunks.map(({ text }) => text))
    })
    log.bytes('received', bytes('a'))
    log.bytes('received', bytes('b'))
    log.bytes('sent', bytes('c'))
    log.close()
    expect(batches).toEqual([['ab', 'c']])
  })
})
