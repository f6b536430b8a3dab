import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readTextFile } from '@main/files/readTextFile'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-text-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a text file', () => {
  const text = 'N;Zeit (µs)\n1;2,5\n'
  it.each([
    ['UTF-8', Buffer.from(text, 'utf8')],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`, 'utf8')],
    ['UTF-16 of Excel and PowerShell', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16, the other order', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()]
  ])('is read from %s without its mark', async (_, bytes) => {
    const file = path.join(folder, 'a.csv')
    writeFileSync(file, bytes)
    expect(await readTextFile(file)).toBe(text)
  })
})
