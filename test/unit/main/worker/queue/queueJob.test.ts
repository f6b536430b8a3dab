import { describe, expect, it } from 'vitest'
import { vectorFlags } from '@main/worker/codeIdentity'
import { jobKeyOf, inputListSchema, queueNameOf, type JobData } from '@main/worker/queue/queueJob'
import { testIdentity } from '../../../../support/fakeQueue'

const data: JobData = {
  task: 'model.evaluate',
  settings: '{"scheme":null}',
  folders: { model: 'a'.repeat(64) }
}

describe('key of a job', () => {
  it('is equal for equal work and differs with everything a result depends on', () => {
    const key = jobKeyOf(data, testIdentity, false)
    expect(key).toMatch(/^job-[0-9a-f]{64}$/)
    expect(jobKeyOf({ ...data, folders: { ...data.folders } }, { ...testIdentity }, false)).toBe(key)
    // Neither the host nor the processor matters where results are bit-identical.
    expect(jobKeyOf(data, { ...testIdentity, host: 'there', processor: 'other' }, false)).toBe(key)
    const others = [
      jobKeyOf({ ...data, task: 'model.other' }, testIdentity, false),
      jobKeyOf({ ...data, settings: '{}' }, testIdentity, false),
      jobKeyOf({ ...data, folders: { model: 'b'.repeat(64) } }, testIdentity, false),
      jobKeyOf(data, { ...testIdentity, code: '0.0.1-x' }, false),
      jobKeyOf(data, { ...testIdentity, arithmetic: 'arm64-plain' }, false),
      jobKeyOf(data, testIdentity, true),
      jobKeyOf(data, { ...testIdentity, host: 'there' }, true),
      jobKeyOf(data, { ...testIdentity, processor: 'other' }, true)
    ]
    expect(new Set([key, ...others]).size).toBe(9)
  })

  it('goes to a queue that only machines with the same code and arithmetic know', () => {
    const names = [
      queueNameOf('a', testIdentity, false),
      queueNameOf('b', testIdentity, false),
      queueNameOf('a', testIdentity, true),
      queueNameOf('a', { ...testIdentity, code: 'other' }, false),
      queueNameOf('a', { ...testIdentity, arithmetic: 'other' }, false),
      queueNameOf('a', { ...testIdentity, host: 'other' }, true)
    ]
    expect(new Set(names).size).toBe(names.length)
    expect(queueNameOf('a:b', testIdentity, false)).not.toContain(':')
  })
})

describe('names of files that arrive', () => {
  const accepts = (name: string): boolean =>
    inputListSchema.safeParse({ files: [{ name, sha256: '0'.repeat(64), sizeBytes: 1 }] }).success

  it.each(['model.onnx', 'weights/part 1.bin', 'ü.bin', '.hidden'])('takes %s', (name) =>
    expect(accepts(name)).toBe(true)
  )

  it.each([
    '',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a//b',
    'a/',
    '.',
    'a\\b',
    'C:x',
    'a\u0000b',
    'a\nb',
    'x'.repeat(201)
  ])('refuses %j', (name) => expect(accepts(name)).toBe(false))
})

describe('vector instructions', () => {
  it('are those by which onnxruntime chooses its kernels, in one order', () => {
    expect(vectorFlags('processor : 0\nflags\t\t: fpu avx512f sse2 avx2 avx\n')).toBe('avx-avx2-avx512f')
    expect(vectorFlags('Features\t: fp asimd asimddp\n')).toBe('asimddp')
    expect(vectorFlags('flags : fpu vme\n')).toBe('plain')
    expect(vectorFlags('')).toBe('plain')
  })
})
