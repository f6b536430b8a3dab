import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync, inflateRawSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { fileLines, fileStream, headOf, zipEntries } from '@main/dataset/byteStreams'
import { openArchive, sessionLimits } from '@main/session/zipReader'
import { createZipWriter, type PackedMember } from '@main/session/zipWriter'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench zip '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => path.join(folder, name)

async function written(members: [string, Uint8Array | { file: string }][]): Promise<PackedMember[]> {
  const handle = await open(at('a.zip'), 'w')
  const writer = createZipWriter(handle)
  const packed: PackedMember[] = []
  for (const [name, source] of members) packed.push(await writer.add(name, source))
  await writer.end()
  await handle.close()
  return packed
}

describe('a ZIP archive', () => {
  it('has the records of the APPNOTE', async () => {
    writeFileSync(at('b'), 'hello')
    const packed = await written([
      ['one/a.txt', Buffer.from('hello')],
      ['b', { file: at('b') }]
    ])
    // SHA-256 of "hello", as sha256sum prints it.
    const sha256 = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
    expect(packed).toEqual([
      { sizeBytes: 5, sha256 },
      { sizeBytes: 5, sha256 }
    ])
    const bytes = readFileSync(at('a.zip'))
    // Signature, version 2.0, no flags, deflate, midnight of 1 January 1980, CRC-32 of "hello".
    expect(bytes.subarray(0, 18).toString('hex')).toBe('504b030414000000080000002100' + '86a61036')
    const [packedBytes, sizeBytes] = [bytes.readUInt32LE(18), bytes.readUInt32LE(22)]
    expect([sizeBytes, bytes.readUInt16LE(26), bytes.readUInt16LE(28)]).toEqual([5, 9, 0])
    expect(bytes.toString('latin1', 30, 39)).toBe('one/a.txt')
    expect(inflateRawSync(bytes.subarray(39, 39 + packedBytes)).toString()).toBe('hello')
    const end = bytes.subarray(-22)
    expect([end.readUInt32LE(0), end.readUInt16LE(8), end.readUInt16LE(10)]).toEqual([0x06054b50, 2, 2])
    const [length, start] = [end.readUInt32LE(12), end.readUInt32LE(16)]
    expect(start + length).toBe(bytes.length - 22)
    expect(length).toBe(46 + 9 + 46 + 1)
    const second = bytes.subarray(start + 55)
    expect(second.toString('hex', 0, 20)).toBe('504b01021400140000000800000021008' + '6a61036')
    expect([second.readUInt16LE(28), second.readUInt32LE(24)]).toEqual([1, 5])
    expect(second.readUInt32LE(42)).toBe(39 + packedBytes)
  })

  it('is read back, as a session and as a data set', async () => {
    const large = Buffer.alloc(300_000, 'abcdefg')
    await written([
      ['empty', new Uint8Array(0)],
      ['large', large]
    ])
    const archive = await openArchive(at('a.zip'))
    expect([...archive.names]).toEqual(['empty', 'large'])
    expect([archive.sizeOf('empty'), archive.sizeOf('large')]).toEqual([0, 300_000])
    expect(large.equals(await archive.bytes('large', 300_000))).toBe(true)
    await expect(archive.bytes('large', 299_999)).rejects.toThrow('"large" is too large')
    await expect(archive.bytes('none', 9)).rejects.toThrow('"none" is missing')
    expect(await archive.extract('large', at('out'))).toMatchObject({ sizeBytes: 300_000 })
    expect(large.equals(readFileSync(at('out')))).toBe(true)
    await archive.close()
    const entries = await zipEntries(at('a.zip'))
    const stream = await entries.get('large')!()
    expect(Buffer.from(await stream.take(10)).toString()).toBe('abcdefgabc')
    expect(Buffer.from(await stream.take(4)).toString()).toBe('defg')
    expect((await stream.take(400_000)).length).toBe(300_000 - 14)
    expect((await stream.take(1)).length).toBe(0)
    expect((await (await entries.get('empty')!()).take(5)).length).toBe(0)
  })

  it('is refused above its limits, and read at them', async () => {
    const zeros = Buffer.alloc(100_000)
    await written([
      ['a', zeros],
      ['b', Buffer.from('x')]
    ])
    const opened = async (limits: Partial<typeof sessionLimits>): Promise<string> => {
      try {
        await (await openArchive(at('a.zip'), { ...sessionLimits, ...limits })).close()
        return 'read'
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(await opened({ members: 2 })).toBe('read')
    expect(await opened({ members: 1 })).toContain('more than 1 members')
    expect(await opened({ unpackedBytes: 100_001 })).toBe('read')
    expect(await opened({ unpackedBytes: 100_000 })).toContain('unpacks to more')
    // Two entries of 46 bytes and a name of one.
    expect(await opened({ directoryBytes: 94 })).toBe('read')
    expect(await opened({ directoryBytes: 93 })).toContain('directory is damaged')
    expect(await opened({ ratio: 2, freeBytes: 100_000 })).toBe('read')
    expect(await opened({ ratio: 2, freeBytes: 99_999 })).toContain('"a" unpacks to far more')
  })

  it('is refused where a byte of it changed', async () => {
    await written([['a', Buffer.from('some content')]])
    const sound = readFileSync(at('a.zip'))
    for (const place of [0, 26, 30, 33, sound.length - 22 - 46 - 1 + 16, sound.length - 22 - 46 - 1 + 24]) {
      const bytes = Buffer.from(sound)
      bytes[place]! ^= 1
      writeFileSync(at('changed.zip'), bytes)
      await expect(
        openArchive(at('changed.zip')).then((archive) =>
          archive.bytes('a', 1000).finally(() => archive.close())
        ),
        `byte ${place}`
      ).rejects.toMatchObject({ code: 'session.invalid' })
    }
  })
})

describe('files from their beginning', () => {
  it('are unpacked where they are gzip', async () => {
    writeFileSync(at('plain'), 'abcdef')
    writeFileSync(at('packed'), gzipSync('abcdef'))
    for (const name of ['plain', 'packed']) {
      expect(Buffer.from(await headOf(at(name), 4)).toString()).toBe('abcd')
      expect((await headOf(at(name), 100)).length).toBe(6)
    }
    writeFileSync(at('cut'), gzipSync('abcdef'.repeat(100)).subarray(0, 20))
    const stream = await fileStream(at('cut'))
    await expect(stream.take(600)).rejects.toThrow('cannot be unpacked')
    await stream.close()
  })

  it('are lines without their ends, across blocks, in UTF-16 too', async () => {
    const lines = async (content: Uint8Array | string): Promise<string[]> => {
      writeFileSync(at('lines'), content)
      const found: string[] = []
      for await (const line of fileLines(at('lines'))) found.push(line)
      return found
    }
    expect(await lines('a\nb\n\nc')).toEqual(['a', 'b', '', 'c'])
    expect(await lines('a\n')).toEqual(['a'])
    expect(await lines('')).toEqual([])
    expect(await lines(Buffer.from('\ufeffx\nü', 'utf16le'))).toEqual(['x', 'ü'])
    // The two bytes of ü lie on either side of a block's end.
    const long = `${'a'.repeat(2 ** 20 - 1)}ü\nend`
    expect(await lines(long)).toEqual(long.split('\n'))
    expect(await lines(`${'b'.repeat(2 ** 20 - 1)}\n`)).toEqual(['b'.repeat(2 ** 20 - 1)])
  })
})
