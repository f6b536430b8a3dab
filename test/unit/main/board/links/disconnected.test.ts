import { describe, expect, it } from 'vitest'
import { disconnected } from '@main/board/links/link'

describe('the error of a closed link', () => {
  it.each([
    ['the port went away', 'x was disconnected: the port went away.'],
    ['Error: read ECONNRESET', 'x was disconnected: Error: read ECONNRESET.'],
    ['QEMU ended with code 1.', 'x was disconnected: QEMU ended with code 1.']
  ])('is a whole sentence, so that another may follow: %s', (text, message) => {
    expect(disconnected('x', { kind: 'failed', text }).message).toBe(message)
  })
})
