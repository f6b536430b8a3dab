import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readZipDirectory, findZipDirectory } from '@core/dataset/zipDirectory'
import { createRandom } from '@core/math/random'
import { createZipWriter } from '@main/session/zipWriter'
import { openArchive, sessionLimits } from '@main/session/zipReader'
import {
  addCampaign,
  addRecording,
  addSearch,
  modelId,
  openSessionBench,
  type SessionBench
} from '../../../support/sessionBench'

let folder: string
let here: SessionBench
let there: SessionBench
let sound: Buffer
let before: string
const file = (): string => path.join(folder, 'hostile.bbsession')
const network = Buffer.from('bytes of a network')

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-hostile-'))
  here = await openSessionBench(folder, 'here')
  there = await openSessionBench(folder, 'there')
  writeFileSync(path.join(folder, 'net.onnx'), network)
  here.models.set(modelId(network), { name: 'net', file: path.join(folder, 'net.onnx'), shipped: false })
  await addSearch(here.store, 'search-1', { modelId: modelId(network) })
  await addCampaign(here.store, 'camp-1', 'virtual:small')
  await addRecording(here.store, 'rec-1', [50, 60])
  // What is there already: other runs, and one of the same id with other content.
  await addRecording(there.store, 'rec-0', [10])
  await addSearch(there.store, 'search-1', { accuracy: 0.5 })
  await here.call('session.export', { file: file(), runIds: [], title: 'T' })
  sound = await readFile(file())
  before = await there.content()
})
afterAll(async () => {
  await here.close()
  await there.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The members of an archive, unpacked. */
function membersOf(bytes: Buffer): Map<string, Buffer> {
  const { directoryOffset, directoryBytes } = findZipDirectory(bytes, bytes.length, 'x')
  const entries = readZipDirectory(bytes.subarray(directoryOffset, directoryOffset + directoryBytes), 'x')
  return new Map(
    entries.map(({ name, headerOffset, packedBytes }) => {
      const start = headerOffset + 30 + name.length
      return [name, inflateRawSync(bytes.subarray(start, start + packedBytes))]
    })
  )
}

interface ManifestJson {
  version: number
  origin: string
  runs: { id: string; kind: string }[]
  tables: Record<string, number>
  models: { id: string; files: { location: string; member: string }[] }[]
  members: { name: string; sizeBytes: number; sha256: string; table: string | null; rows: number | null }[]
}

/** Writes a session of changed members whose manifest agrees with them: only the content is wrong. */
async function writeChanged(
  change: (members: Map<string, Buffer>, manifest: ManifestJson) => void | Promise<void>,
  agree = true
): Promise<void> {
  const members = membersOf(sound)
  const manifest = JSON.parse(members.get('manifest.json')!.toString()) as ManifestJson
  members.delete('manifest.json')
  await change(members, manifest)
  if (agree) {
    for (const member of manifest.members) {
      const bytes = members.get(member.name)
      if (bytes === undefined) continue
      member.sizeBytes = bytes.length
      member.sha256 = createHash('sha256').update(bytes).digest('hex')
    }
  }
  members.set('manifest.json', Buffer.from(JSON.stringify(manifest)))
  await writeArchive(members)
}

async function writeArchive(members: Map<string, Buffer>): Promise<void> {
  rmSync(file(), { force: true })
  const handle = await open(file(), 'wx')
  const zip = createZipWriter(handle)
  for (const [name, bytes] of members) await zip.add(name, bytes)
  await zip.end()
  await handle.close()
}

/** Importing fails with this code and changes neither the data file nor the folder. */
async function refused(code = 'session.invalid', says: RegExp = /./): Promise<void> {
  const error = (await there.call('session.import', { file: file() }).then(
    () => ({ code: 'imported', message: '' }),
    (reason: unknown) => reason
  )) as { code: string; message: string; hint: string }
  expect([error.code, error.message]).toEqual([code, expect.stringMatching(says)])
  expect(await there.content()).toBe(before)
  expect(there.models.size).toBe(0)
  expect(readdirSync(path.join(folder, 'there', 'sessions'))).toEqual([])
  expect(readdirSync(path.join(folder, 'there'))).toEqual(['sessions'])
}

/** Replaces the Parquet file of a table by that of a query, and the number of its rows. */
async function replaceTable(
  members: Map<string, Buffer>,
  manifest: ManifestJson,
  table: string,
  query: string
): Promise<void> {
  const parquet = path.join(folder, 'changed.parquet')
  const rows = await here.store.exportQuery(query, [], parquet, 'parquet')
  const name = `tables/${table}.parquet`
  members.set(name, await readFile(parquet))
  const listed = manifest.members.find((member) => member.name === name)
  if (listed === undefined) manifest.members.push({ name, table, rows, sizeBytes: 0, sha256: '' })
  else listed.rows = rows
}

describe('a hostile session file changes nothing', () => {
  it('when it is empty, text, a folder, missing, or another archive', async () => {
    writeFileSync(file(), '')
    await refused()
    writeFileSync(file(), 'PK but no archive')
    await refused()
    await writeArchive(new Map([['x.txt', Buffer.from('hello')]]))
    await refused('session.invalid', /another kind/)
    await expect(there.call('session.import', { file: folder })).rejects.toMatchObject({
      code: 'data.invalid'
    })
    await expect(there.call('session.import', { file: `${file()}x` })).rejects.toMatchObject({
      code: 'data.missing'
    })
  })

  it('when it ends at any of thirty places', async () => {
    const random = createRandom(15)
    for (let cut = 0; cut < 30; cut++) {
      writeFileSync(file(), sound.subarray(0, Math.floor(random.next() * sound.length)))
      await expect(there.call('session.info', { file: file() })).rejects.toMatchObject({
        code: 'session.invalid'
      })
    }
    await refused()
  })

  it('when any byte of its content is another: it is refused, or the byte meant nothing', async () => {
    const random = createRandom(16)
    for (let flip = 0; flip < 15; flip++) {
      const bytes = Buffer.from(sound)
      const place = Math.floor(random.next() * bytes.length)
      bytes[place] = bytes[place]! ^ (1 + Math.floor(random.next() * 255))
      writeFileSync(file(), bytes)
      const other = await openSessionBench(folder, `flip-${flip}`)
      const outcome = await other.call('session.import', { file: file() }).then(
        ({ runs }) => runs.length,
        (reason: { code: string }) => reason.code
      )
      // Dates and version fields of ZIP headers are not read; everything else is.
      if (outcome === 3) {
        expect(await other.store.all('SELECT sum(time) AS sum FROM profile_sample')).toEqual([{ sum: 3000 }])
      } else expect(['session.invalid', 'session.newer']).toContain(outcome)
      await other.close()
    }
  }, 300_000)

  it('when it was written by a newer Bitbench, as a format or with newer tables', async () => {
    await writeChanged((_, manifest) => void (manifest.version = 2))
    await refused('session.newer', /format 2/)
    await writeChanged((_, manifest) => void (manifest.tables['gpu'] = 99))
    await refused('session.newer', /gpu/)
  })

  it('when a member is changed, missing, extra, named twice or of another size', async () => {
    const name = 'tables/gpu_sample.parquet'
    await writeChanged(
      (members) => void members.set(name, Buffer.concat([members.get(name)!, Buffer.from('x')])),
      false
    )
    await refused('session.invalid', /another size/)
    await writeChanged((members) => {
      const bytes = Buffer.from(members.get(name)!)
      bytes[40] = bytes[40]! ^ 1
      members.set(name, bytes)
    }, false)
    await refused('session.invalid', /was changed/)
    await writeChanged((members) => void members.delete(name))
    await refused('session.invalid', /missing/)
    await writeChanged((members) => void members.set('extra', Buffer.from('x')))
    await refused('session.invalid', /does not name/)
    await writeChanged((_, manifest) => void manifest.members.push(manifest.members[0]!))
    await refused('session.invalid', /twice/)
  })

  it('when a member or a file of a network would leave its folder', async () => {
    for (const name of [
      '../out',
      '/etc/x',
      'a/../../b',
      'C:\\x',
      'a\\..\\b',
      '.hidden',
      'a//b',
      'a/',
      'nul\u0000x'
    ]) {
      const members = membersOf(sound)
      members.set(name, Buffer.from('x'))
      await writeArchive(members)
      await refused('session.invalid', /not allowed/)
    }
    for (const location of [
      '../net.onnx',
      '/tmp/net.onnx',
      'a/../../x',
      '..',
      'c:x',
      'a\\b',
      '',
      'x\u0000'
    ]) {
      await writeChanged((_, manifest) => void (manifest.models[0]!.files[0]!.location = location))
      await refused('session.invalid', /location/)
    }
  })

  it('when a network is not the one it is named', async () => {
    await writeChanged(
      (members) => void members.set(`models/${modelId(network)}/0`, Buffer.from('other bytes'))
    )
    await refused('session.invalid', /network/)
  })

  it('when it would unpack to far more than it takes: ZIP and Parquet', async () => {
    const members = membersOf(sound)
    members.set('zeros', Buffer.alloc(8 << 20))
    await writeArchive(members)
    await refused('session.invalid', /far more/)
    await writeChanged((changed, manifest) =>
      replaceTable(
        ...([changed, manifest] as const),
        'gpu_sample',
        "SELECT 'rec-1' AS recording_id, 0 AS gpu_index, 1.0::DOUBLE AS t_ms FROM range(3000000)"
      )
    )
    await refused('session.invalid', /far more/)
  })

  it('when its members overlap or lie about their length', async () => {
    const bytes = Buffer.from(sound)
    const { directoryOffset } = findZipDirectory(bytes, bytes.length, 'x')
    // The second entry points at the first one's bytes.
    const second = directoryOffset + 46 + bytes.readUInt16LE(directoryOffset + 28)
    bytes.writeUInt32LE(0, second + 42)
    writeFileSync(file(), bytes)
    await refused('session.invalid', /overlap/)
    const long = Buffer.from(sound)
    long.writeUInt32LE(long.readUInt32LE(directoryOffset + 24) - 1, directoryOffset + 24)
    writeFileSync(file(), long)
    await refused()
  })

  it('when rows belong to runs that it does not carry, in particular to runs that are here', async () => {
    await writeChanged((members, manifest) =>
      replaceTable(
        members,
        manifest,
        'gpu_sample',
        "SELECT * REPLACE ('rec-0' AS recording_id) FROM gpu_sample"
      )
    )
    await refused('session.invalid', /belong to none/)
    await writeChanged((members, manifest) =>
      replaceTable(
        members,
        manifest,
        'profile_sample',
        "SELECT * REPLACE ('camp-of-another' AS campaign_id) FROM profile_sample"
      )
    )
    await refused('session.invalid', /belong to none/)
  })

  it('when records do not fit, carry two ids, or stand there twice', async () => {
    const search = (sql: string) => (members: Map<string, Buffer>, manifest: ManifestJson) =>
      replaceTable(members, manifest, 'search', sql)
    await writeChanged(search(`SELECT * REPLACE ('{"id":"search-1"}' AS record) FROM search`))
    await refused('session.invalid', /does not fit/)
    await writeChanged(search(`SELECT * REPLACE ('not json' AS record) FROM search`))
    await refused('session.invalid', /does not fit/)
    await writeChanged(
      search(`SELECT * REPLACE (replace(record, 'search-1', 'rec-0') AS record) FROM search`)
    )
    await refused('session.invalid', /two ids/)
    await writeChanged(search('SELECT * FROM search UNION ALL SELECT * FROM search'))
    await refused('session.invalid', /twice/)
    await writeChanged(search(`SELECT *, 1 AS more FROM search`))
    await refused('session.invalid', /do not fit/)
    await writeChanged(search(`SELECT * REPLACE ('soon' AS started_at_ms) FROM search`))
    await refused('session.invalid', /do not fit/)
    await writeChanged(search(`SELECT * REPLACE (NULL AS started_at_ms) FROM search`))
    await refused('session.invalid', /fit together/)
    await writeChanged((_, manifest) => void manifest.runs.pop())
    await refused('session.invalid', /does not name/)
    await writeChanged((_, manifest) => void (manifest.runs[0]!.kind = 'proxy'))
    await refused('session.invalid', /does not name/)
  })

  it('when it names tables that no session has, or another number of rows', async () => {
    await writeChanged((_, manifest) => void (manifest.members[0]!.table = 'run_label; DROP TABLE search'))
    await refused('session.invalid', /no session has/)
    await writeChanged((members, manifest) => {
      members.set('tables/x', members.get('tables/search.parquet')!)
      manifest.members.push({ name: 'tables/x', table: 'run_label', rows: 1, sizeBytes: 0, sha256: '' })
    })
    await refused('session.invalid', /no session has/)
    await writeChanged((_, manifest) => {
      manifest.members.find(({ table }) => table === 'gpu_sample')!.rows = 1
    })
    await refused('session.invalid', /another number/)
  })

  it('and the sound file is taken whole after all of them', async () => {
    writeFileSync(file(), sound)
    const other = await openSessionBench(folder, 'sound')
    expect((await other.call('session.import', { file: file() })).runs).toHaveLength(3)
    await other.close()
  })
})

describe('an archive', () => {
  it('limits the number of its members', async () => {
    await writeArchive(new Map(Array.from({ length: 12 }, (_, index) => [`m${index}`, Buffer.from('x')])))
    await expect(openArchive(file(), { ...sessionLimits, members: 10 })).rejects.toMatchObject({
      code: 'session.invalid'
    })
  })

  it('has the bytes that unzip and zlib expect', async () => {
    await writeArchive(new Map([['a/b.txt', Buffer.from('hello hello hello')]]))
    const bytes = await readFile(file())
    const packed = deflateRawSync(Buffer.from('hello hello hello'))
    expect(bytes.readUInt32LE(14)).toBe(crc32('hello hello hello'))
    expect(bytes.readUInt32LE(18)).toBe(packed.length)
    expect(bytes.subarray(37, 37 + packed.length)).toEqual(packed)
  })
})
