import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { main } from '@main/cli'
import { cliEntries } from '@main/cli/nouns'
import { nearestWord } from '@main/cli/framework/nearest'

/** What a command line prints and returns, without starting a process. */
async function said(...argv: string[]): Promise<{ out: string; err: string; code: number }> {
  let [out, err] = ['', '']
  const taken =
    (add: (text: string) => void) =>
    (chunk: unknown, done?: unknown): boolean => {
      add(String(chunk))
      if (typeof done === 'function') (done as () => void)()
      return true
    }
  vi.spyOn(process.stdout, 'write').mockImplementation(taken((text) => (out += text)))
  vi.spyOn(process.stderr, 'write').mockImplementation(taken((text) => (err += text)))
  const code = await main(argv)
  vi.restoreAllMocks()
  return { out, err, code }
}

afterEach(() => void vi.restoreAllMocks())

describe('bitbench with a wrong command line', () => {
  it('names an unknown noun, the nearest one, and where help is', async () => {
    const { out, err, code } = await said('bord', 'list')
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(/there is no noun "bord"\. Did you mean "board"\?/)
    expect(err.split('\n').length).toBeLessThan(6)
  })

  it('refuses an option of one value that is given twice, which would drop the first', async () => {
    const { err, code } = await said('profile', 'run', '--shape', '8x8x8', '--shape', '4x4x4')
    expect(code).toBe(2)
    expect(err).toContain('--shape is given more than once, and takes one value.')
  })

  it('suggests no noun that is not near, and the noun of a verb that stands alone', async () => {
    expect((await said('foo')).err).not.toMatch(/Did you mean/)
    expect((await said('foo')).err).toMatch(/there is no noun "foo"\. There are demo, board, /)
    expect((await said('fit')).err).toMatch(/Did you mean "proxy fit"\?/)
  })

  it('names an unknown verb and the nearest one', async () => {
    const { err, code } = await said('board', 'lst')
    expect(code).toBe(2)
    expect(err).toMatch(/board has no verb "lst"\. Did you mean "board list"\?/)
  })

  it('says that a verb is missing, and does not take a name every object has for a verb', async () => {
    expect(await said('board')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/board needs a verb: list, /)
    })
    expect((await said('board', 'constructor')).err).toMatch(/board has no verb "constructor"/)
  })

  it.each([
    ['--data', 'FOLDER', 'dataset', 'add'],
    ['--data=FOLDER', '--json', 'dataset', 'add'],
    ['dataset', '--data', 'FOLDER', 'add'],
    ['--json', 'dataset', 'add', '--data', 'FOLDER']
  ])('takes the options of every verb in front of noun and verb: %s %s %s %s', async (...argv) => {
    const { err, code } = await said(...argv)
    expect(code).toBe(2)
    // The verb's own complaint: it was found.
    expect(err).toMatch(/name a file or folder/)
    expect(err).toMatch(/Usage: bitbench dataset add PATH/)
  })

  it('still refuses a folder that is missing or given twice, and says where other options go', async () => {
    expect((await said('--data')).err).toMatch(/--data needs the folder of the data file behind it/)
    expect((await said('--data', '--json', 'run', 'list')).err).toMatch(/--data needs the folder/)
    expect((await said('--data', 'A', 'run', 'list', '--data', 'B')).err).toMatch(
      /--data is given more than once/
    )
    expect((await said('--board', 'virtual:small', 'bench', 'kernels')).err).toMatch(
      /"--board" goes behind a noun and its verb: bitbench <noun> <verb> --board …; only --data and --json/
    )
  })

  it('leaves the options of a wrapped command alone', async () => {
    const { err } = await said('gpu', 'recrd', '--', 'bench.py', '--data', 'x')
    expect(err).toMatch(/gpu has no verb "recrd"/)
  })

  it('names an unknown option and the nearest one', async () => {
    const { err, code } = await said('profile', 'run', '--bord', 'virtual:small')
    expect(code).toBe(2)
    expect(err).toMatch(/there is no option --bord\. Did you mean "--board"\?/)
    expect(err).toMatch(/Usage: bitbench profile run --board/)
  })

  it('refuses words that a verb does not take, and measures nothing', async () => {
    expect(await said('demo', 'qemu')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/"qemu" has no meaning here/)
    })
  })

  it.each([
    ['profile', 'run'],
    ['profile', 'adaptive'],
    ['deploy', 'run'],
    ['deploy', 'energy'],
    ['bench', 'kernels']
  ])('measures nothing in %s %s without its board', async (...argv) => {
    const { err, code } = await said(...argv, '--data', path.join(tmpdir(), 'bitbench-never-opened'))
    expect(code).toBe(2)
    expect(err).toMatch(/--board is needed: `bitbench board list` names the boards/)
    expect(existsSync(path.join(tmpdir(), 'bitbench-never-opened'))).toBe(false)
  })

  it.each([
    ['--splits', '0.1,,0.3', /--splits must be three shares from 0 to 1/],
    ['--scale', '1/255,1/128', /--scale must be one number/]
  ])('reads no data set with %s %s', async (option, text, says) => {
    const folder = path.join(tmpdir(), 'bitbench-never-opened')
    const argv = ['dataset', 'add', 'pictures', '--name', 'set', option, text, '--data', folder]
    expect(await said(...argv)).toMatchObject({ code: 2, err: expect.stringMatching(says) })
    expect(existsSync(folder)).toBe(false)
  })

  it('explains the sizes of a shape with too few of them', async () => {
    const { err, code } = await said('profile', 'run', '--board', 'virtual:small', '--shape', 'conv2d:8x8x3')
    expect(code).toBe(2)
    expect(err).toMatch(/takes 7 sizes, 3 are given/)
    expect(err).toMatch(
      /conv2d:H x W x C x K x KS x STRIDE x PAD \(h input height, w input width, c input channels/
    )
  })
})

describe('bitbench asked for help', () => {
  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    for (const argv of ['--version', '-V', 'version'])
      expect(await said(argv)).toEqual({ out: `bitbench ${version}\n`, err: '', code: 0 })
  })

  it('lists every noun, then the verbs of one, then the options of one', async () => {
    const { out, code } = await said('--help')
    expect(code).toBe(0)
    for (const { noun } of cliEntries) expect(out).toContain(`  ${noun} `)
    expect((await said('proxy', '--help')).out).toMatch(/bitbench proxy evaluate FILE… --kernel K/)
    const verb = await said('profile', 'run', '--help')
    expect(verb).toMatchObject({ code: 0, err: '' })
    expect(verb.out).toMatch(/--repetitions VALUE\n\s+per Sample \(default 2\)/)
    expect(verb.out).toMatch(/conv2d:H x W x C x K x KS x STRIDE x PAD/)
  })

  it('understands help in front', async () => {
    expect((await said('help', 'board', 'list')).out).toBe((await said('board', 'list', '--help')).out)
    expect((await said('help')).out).toBe((await said('--help')).out)
  })

  it('lists the verbs that are there, of every noun', async () => {
    for (const entry of cliEntries) {
      const noun = await entry.load()
      expect([noun.noun, Object.keys(noun.verbs)]).toEqual([entry.noun, [...entry.verbs]])
    }
  })
})

describe('the nearest word', () => {
  it('is the one with the fewest typing errors, if these are few', () => {
    expect(nearestWord('serach', ['search', 'serve'])).toBe('search')
    expect(nearestWord('DEPLOY', ['deploy', 'demo'])).toBe('deploy')
    expect(nearestWord('est', ['estimator', 'bench'])).toBe('estimator')
    expect(nearestWord('xyz', ['board', 'run'])).toBeNull()
    expect(nearestWord('', ['run'])).toBeNull()
  })
})
