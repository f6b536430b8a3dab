import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { bucketPart, listParts } from '@main/shared/sharedParts'
import { temporaryFolder } from '../../../support/temporaryFolder'

/** A folder with these files of the table `results`; sizes in bytes. */
function folderOf(files: Readonly<Record<string, number>>): { root: string; at: (name: string) => string } {
  const root = temporaryFolder()
  const at = (name: string): string => path.join(root, 'results', name)
  for (const [name, size] of Object.entries(files)) {
    mkdirSync(path.dirname(at(name)), { recursive: true })
    writeFileSync(at(name), '')
    truncateSync(at(name), size)
  }
  return { root, at }
}
const listed = async (root: string) => {
  const { parts, leftOut } = await listParts(root, 'results')
  return { parts: parts.map(({ host, file, sizeBytes }) => [host, path.basename(file), sizeBytes]), leftOut }
}

describe('parts of hosts in a shared folder', () => {
  it('are listed by host and name, what has another name is passed over', async () => {
    const { root } = folderOf({
      'host=b/2.parquet': 3,
      'host=a/1.parquet': 5,
      'host=a/.hidden.parquet': 1,
      'host=a/notes.txt': 1,
      'host=-x/1.parquet': 1,
      'other/1.parquet': 1
    })
    expect(await listed(root)).toEqual({
      parts: [
        ['a', '1.parquet', 5],
        ['b', '2.parquet', 3]
      ],
      leftOut: []
    })
    expect(await listed(temporaryFolder())).toEqual({ parts: [], leftOut: [] })
  })

  it('are left out by name where they are links, folders or larger than 1 GiB', async () => {
    const { root, at } = folderOf({
      'host=a/large.parquet': 2 ** 30 + 1,
      'host=a/most.parquet': 2 ** 30,
      'host=a/folder.parquet/x': 1
    })
    symlinkSync(at('host=a/most.parquet'), at('host=a/link.parquet'))
    symlinkSync(at('host=a'), at('host=b'))
    const { parts, leftOut } = await listed(root)
    expect(parts).toEqual([['a', 'most.parquet', 2 ** 30]])
    expect(
      leftOut.map(({ file, why }) => [path.relative(at(''), file), why.replace(/ has .*, at/, ' has …, at')])
    ).toEqual([
      ['host=a/folder.parquet', 'it is a link or no plain file'],
      ['host=a/large.parquet', expect.stringContaining('at most')],
      ['host=a/link.parquet', 'it is a link or no plain file'],
      ['host=b', 'it is a link or no folder']
    ])
  })

  it('change their stamp with their size', async () => {
    const { root, at } = folderOf({ 'host=a/1.parquet': 5 })
    const before = (await listParts(root, 'results')).parts[0]!.stamp
    expect((await listParts(root, 'results')).parts[0]!.stamp).toBe(before)
    truncateSync(at('host=a/1.parquet'), 6)
    expect((await listParts(root, 'results')).parts[0]!.stamp).not.toBe(before)
  })
})

it('a part of a bucket is known by its address', () => {
  const part = (file: string, size = 7) => bucketPart('runs', file, size, 'now')
  expect(part('s3://b/runs/host=lab/1.parquet')).toEqual({
    ...{ table: 'runs', host: 'lab', file: 's3://b/runs/host=lab/1.parquet', sizeBytes: 7, stamp: '7 now' }
  })
  expect(part('s3://b/runs/host=lab/1.parquet', 2 ** 30)).not.toBeNull()
  const others = [
    's3://b/runs/lab/1.parquet',
    's3://b/runs/host=lab/1.csv',
    '1.parquet',
    's3://b/host=/1.parquet'
  ]
  expect(others.map((file) => part(file))).toEqual([null, null, null, null])
  expect(part('s3://b/runs/host=lab/1.parquet', 2 ** 30 + 1)).toBeNull()
})
