import { describe, expect, it } from 'vitest'
import { createLogRing } from '@main/app/logRing'
import { problemReport } from '@main/app/problemReport'
import { settingsSchema } from '@shared/contract/app'
import type { Job } from '@shared/contract/job'

const token = 'QmFzZTY0dXJsLXRva2VuLW9mLXRoaXM'
const job: Job = {
  ...{ id: 'j', kind: 'board.load', title: 'Load /home/anna/p.elf', state: 'failed', done: 0, total: 1 },
  ...{ unit: 'bytes', ratePerSecond: null, remainingMs: null, note: '', startedAtMs: 1, finishedAtMs: 2 },
  resumable: false,
  error: { code: 'board.timeout', message: 'No reply from /dev/ttyUSB0 of anna.', hint: '' }
}

describe('report on a problem', () => {
  const text = problemReport(
    {
      ...{ version: '0.1.0', host: 'web', platform: 'linux x64', machine: 'EPYC, 2 threads' },
      runtime: 'node 20.19.0',
      settings: settingsSchema.parse({
        nvidiaSmiPath: '/home/anna/bin/nvidia-smi',
        defaultBoard: '/dev/serial/by-id/usb-anna',
        workspace: { page: 'boards', dataSet: 'annas faces' }
      }),
      tools: [
        { name: 'cc', purpose: '', path: '/usr/bin/cc', version: '12.2.0', hint: '' },
        { name: 'openocd', purpose: '', path: null, version: null, hint: '' }
      ],
      jobs: [job],
      lines: [
        { atMs: 0, text: `GET /#token=${token} by anna` },
        { atMs: 1000, text: 'TypeError: x\n    at run (/home/anna/bitbench/out/main/index.js:1:2)' },
        { atMs: 2000, text: `owner.json holds ${token} on LAB` }
      ]
    },
    { folders: ['/home/anna'], names: ['anna', 'lab'], tokens: [token] }
  )

  it('says what helps', () => {
    expect(text).toContain('Bitbench 0.1.0 (web), node 20.19.0')
    expect(text).toContain('cc 12.2.0, openocd absent')
    expect(text).toContain('board.timeout')
    expect(text).toContain('board of the guided run own, nvidia-smi named by its path, page boards')
    expect(text).toContain('1970-01-01T00:00:02.000Z')
  })

  it('holds no token, no path, no name of user or machine, no data set', () => {
    for (const secret of [
      token,
      'anna',
      '/home',
      '/usr',
      '/dev',
      'ttyUSB0',
      'index.js',
      'p.elf',
      'LAB',
      'faces'
    ])
      expect(text, secret).not.toContain(secret)
  })
})

describe('log of the host', () => {
  it('passes every line on whole and keeps the last thousand, cut', () => {
    const passed: string[] = []
    const ring = createLogRing(
      () => 5,
      (line) => passed.push(line)
    )
    for (let at = 0; at < 2500; at++) ring.write(`${at} ${'x'.repeat(3000)}`)
    expect(passed).toHaveLength(2500)
    expect(passed[0]).toHaveLength(3002)
    const lines = ring.lines()
    expect(lines).toHaveLength(1000)
    expect(lines[0]).toMatchObject({ atMs: 5 })
    expect(lines[0]!.text).toHaveLength(2000)
    expect(lines[0]!.text.startsWith('1500 ')).toBe(true)
  })
})
