import { describe, expect, it } from 'vitest'
import { bucketError } from '@main/shared/sharedBucket'
import { listBucket } from '@main/shared/sharedViews'

// As DuckDB 1.5.5 with httpfs says it to a service that refuses the key, that has no such bucket, and that is not there.
const refused =
  "HTTP Error: HTTP GET error reading 's3://lab/bench/hosts' in region 'us-east-1' (HTTP 403 Forbidden)"
const unknown =
  "HTTP Error: HTTP GET error reading 's3://none/x/hosts' in region 'us-east-1' (HTTP 404 Not Found)"
const gone =
  "IO Error: Couldn't connect to server error for HTTP GET to 'http://127.0.0.1:1/lab/?list-type=2'"

describe('a bucket', () => {
  it.each([
    [refused, 'AWS_SECRET_ACCESS_KEY'],
    [unknown, 'no such bucket'],
    [gone, 'AWS_ENDPOINT_URL, AWS_REGION and the network'],
    // Numbers in names are no replies.
    [unknown.replace('none/x', 'lab/403'), 'no such bucket'],
    [gone.replace('/lab/', '/404/'), 'AWS_ENDPOINT_URL, AWS_REGION and the network']
  ])('that cannot be read says why and what to check: %s', async (said, hint) => {
    const listing = listBucket(() => Promise.reject(new Error(said)), 's3://lab/bench', 'hosts')
    await expect(listing).rejects.toMatchObject({
      code: 'remote.unreachable',
      message: expect.stringContaining(said),
      hint: expect.stringContaining(hint)
    })
    expect(bucketError('s3://lab/bench', new Error(said)).message).toContain('s3://lab/bench')
  })

  it('with nothing of a table lists none', async () => {
    const ask = () =>
      Promise.reject(new Error('IO Error: No files found that match the pattern "s3://lab/x"'))
    expect(await listBucket(ask, 's3://lab', 'hosts')).toEqual([])
  })
})
