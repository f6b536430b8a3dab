import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCoreCache, type CoreCache } from '@main/board/rtl/coreCache'
import { coreRecipe } from '@main/board/rtl/coreSources'
import { createJobService, type JobService } from '@main/jobs/jobService'
import type { Job } from '@shared/contract/job'

/** Scripts in place of Verilator and make, in a folder whose name has a space. */
describe('the programs of the core in Verilog', () => {
  let folder: string
  let cacheFolder: string
  let jobs: JobService
  let seen: Job[]
  const logged: string[] = []

  const script = async (name: string, lines: string): Promise<void> => {
    const file = path.join(folder, name)
    await writeFile(file, `#!/bin/sh\n${lines}\n`)
    await chmod(file, 0o755)
  }
  const cacheWith = (present: readonly string[]): CoreCache =>
    createCoreCache({
      sourceFolder: path.join(folder, 'rtl'),
      folder: cacheFolder,
      spawn,
      findProgram: async (names) => {
        const name = names.find((one) => present.includes(one))
        return name === undefined ? null : path.join(folder, name)
      },
      jobs,
      log: (line) => logged.push(line)
    })
  const all = ['verilator', 'make', 'g++']

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'core cache '))
    cacheFolder = path.join(folder, 'cores')
    await mkdir(path.join(folder, 'rtl', 'sim'), { recursive: true })
    await writeFile(path.join(folder, 'rtl', 'soc.v'), 'module soc; endmodule')
    await writeFile(path.join(folder, 'rtl', 'sim', 'main.cpp'), 'int main() {}')
    await script('verilator', 'printf "%s " "$@" > arguments')
    await script(
      'make',
      'echo g++ -c -o a.o\necho g++ -c -o b.o\ncat soc.v arguments > board; chmod +x board'
    )
    seen = []
    let number = 0
    jobs = createJobService({
      emit: (_event, payload) => void seen.push(payload as Job),
      // Time passes, so that no change of progress is held back.
      nowMs: () => (number += 1000),
      newId: () => `job${(number += 1)}`
    })
  })
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  it('are made once, in a Job with progress, from copies of the sources', async () => {
    const cache = cacheWith(all)
    const [first, second] = await Promise.all([cache.program('xbb'), cache.program('xbb')])
    expect(second).toBe(first)
    const { name } = await coreRecipe(path.join(folder, 'rtl'), 'xbb')
    expect(first).toBe(path.join(cacheFolder, name))
    const text = await readFile(first, 'utf8')
    expect(text).toMatch(/^module soc; endmodule/)
    expect(text).toContain('-GXBB=1 -GRAM_BYTES=1048576')
    expect(text).toMatch(/ soc\.v main\.cpp $/)
    expect(await readdir(cacheFolder)).toEqual([name])
    expect(new Set(seen.map(({ kind }) => kind))).toEqual(new Set(['board.makeCore']))
    expect(seen.map(({ done }) => done)).toEqual(expect.arrayContaining([0, 1, 2, 3, 7]))
    expect(seen.at(-1)).toMatchObject({ state: 'done', done: 7, total: 7 })

    // What is kept needs no tools, and no second Job.
    const before = seen.length
    expect(await cacheWith([]).obstacle('xbb')).toBeNull()
    expect(await cacheWith([]).program('xbb')).toBe(first)
    expect(seen).toHaveLength(before)
  })

  it('are made where no folder has a space, for GNU make refuses those', async () => {
    await script('make', 'case "$PWD" in *" "*) echo "spaces: $PWD" >&2; exit 2;; esac\npwd > board')
    const program = await cacheWith(all).program('xbb')
    expect(path.dirname(program)).toBe(cacheFolder)
    const workFolder = (await readFile(program, 'utf8')).trim()
    expect(path.basename(workFolder)).toMatch(new RegExp(`^xbb-[0-9a-f]{16}\\.${process.pid}\\.\\w{6}$`))
    await expect(readdir(workFolder)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('are others for the other variant and for other sources', async () => {
    const names = async (): Promise<string[]> =>
      await Promise.all(
        (['xbb', 'plain'] as const).map(async (one) => (await coreRecipe(path.join(folder, 'rtl'), one)).name)
      )
    const before = await names()
    await writeFile(path.join(folder, 'rtl', 'soc.v'), 'module soc; wire w; endmodule')
    const after = await names()
    expect(new Set([...before, ...after]).size).toBe(4)
  })

  it('name every tool that is absent', async () => {
    const cache = cacheWith(['make'])
    const text = 'Not installed: verilator, g++. Debian: apt install verilator g++'
    expect(await cache.obstacle('plain')).toBe(text)
    await expect(cache.program('plain')).rejects.toMatchObject({ code: 'tool.missing' })
    expect(await cacheWith(all).obstacle('plain')).toBeNull()
  })

  it('fail with the words of the tool and leave nothing, and are made at the next attempt', async () => {
    await script('make', 'echo "main.cpp:1: error: no such thing" >&2\nexit 2')
    const cache = cacheWith(all)
    await expect(cache.program('xbb')).rejects.toMatchObject({
      code: 'tool.failed',
      message: 'make ended with code 2: main.cpp:1: error: no such thing'
    })
    expect(await readdir(cacheFolder)).toEqual([])
    await script('make', 'echo made > board; chmod +x board')
    expect(await readFile(await cache.program('xbb'), 'utf8')).toBe('made\n')
  })

  it('end with the Job that makes them when it is cancelled', async () => {
    await script('make', 'echo g++ -c -o a.o\nexec sleep 60')
    const cache = cacheWith(all)
    const made = cache.program('xbb')
    made.catch(() => undefined)
    await expect.poll(() => seen.some(({ done }) => done === 2), { timeout: 20_000 }).toBe(true)
    jobs.cancel(seen[0]!.id)
    await expect(made).rejects.toMatchObject({ code: 'job.cancelled' })
    expect(seen.at(-1)).toMatchObject({ state: 'cancelled' })
    expect(await readdir(cacheFolder)).toEqual([])
  })

  it('remove what a process that was killed has left', async () => {
    const abandoned = path.join(cacheFolder, 'xbb-0123456789abcdef.4194305')
    await mkdir(abandoned, { recursive: true })
    await cacheWith(all).program('plain')
    expect(await readdir(cacheFolder)).toEqual([expect.stringMatching(/^plain-[0-9a-f]{16}$/)])
  })
})
