import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readOwner, removeOwner, writeOwner } from '@main/store/ownerFile'

let folder: string
let dataFile: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-owner-'))
  dataFile = path.join(folder, 'bitbench.duckdb')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const owner = { pid: 4711, what: 'the web host', where: 'http://127.0.0.1:4173', token: 'secret' }
const write = (text: string): void => writeFileSync(`${dataFile}.owner.json`, text)

describe('the note of who holds the data file', () => {
  it('is read back as written, until it is removed', () => {
    writeOwner(dataFile, owner)
    expect(readOwner(dataFile, 4711)).toEqual(owner)
    expect(readOwner(dataFile, null)).toEqual(owner)
    removeOwner(dataFile)
    expect(readOwner(dataFile, null)).toBeNull()
  })

  it('is not believed for another process', () => {
    writeOwner(dataFile, owner)
    expect(readOwner(dataFile, 12)).toBeNull()
  })

  it('may come from a version that knew no address', () => {
    write('{"pid":4711,"what":"the window","since":"yesterday"}')
    expect(readOwner(dataFile, 4711)).toEqual({ pid: 4711, what: 'the window', where: null, token: null })
  })

  it.each([
    ['cut off', '{"pid":47'],
    ['no object', '[]'],
    ['without a process', '{"what":"the window"}'],
    ['with a process that is no number', '{"pid":"4711","what":"the window"}'],
    ['with an address that is no text', '{"pid":4711,"what":"the window","where":{"port":1}}'],
    ['with a token that is no text', '{"pid":4711,"what":"the window","token":12}']
  ])('is left out when it is %s', (_what, text) => {
    write(text)
    expect(readOwner(dataFile, null)).toBeNull()
  })
})
