import { describe, expect, it, vi } from 'vitest'
import { namedRun, namedRuns } from '@main/cli/run/namedRun'
import type { LocalClient } from '@main/cli/framework/localClient'
import type { Run } from '@shared/contract/run'

const run = (id: string, name: string | null, title = `search of ${id}`): Run => ({
  ...{
    id,
    kind: 'search',
    name,
    notes: '',
    tags: [],
    title,
    detail: '',
    model: null,
    board: null,
    dataSet: null
  },
  ...{ state: 'done', startedAtMs: 0, finishedAtMs: 1, jobId: null, resumable: false, forgotten: false },
  ...{ problem: null, imported: null, origin: null }
})
const a = run('3f2a1111-0000-4000-8000-000000000001', 'Half size')
const b = run('3f2a2222-0000-4000-8000-000000000002', null)
const c = run('example-9', 'example-9a')

/** A client that lists these runs, and what it was called with. */
function clientWith(runs: Run[]) {
  const call = vi.fn().mockResolvedValue({ runs })
  return { client: { call } as unknown as Pick<LocalClient, 'call'>, call }
}

describe('a run named on the command line', () => {
  const { client } = clientWith([a, b, c])
  it.each([
    ['3f2a1', a],
    ['3F2A2222-0000', b],
    ['half size', a],
    ['  Half size ', a],
    // Without a name, by what `run list` prints in its place.
    [`search of ${b.id}`, b],
    // A whole id is meant even where it begins another name.
    ['example-9', c]
  ])('is found as %j', async (given, expected) => {
    expect(await namedRun(client, given)).toBe(expected.id)
  })

  it('is refused with those that fit where several do, by id or by name', async () => {
    const twins = [
      a,
      run('77770000-0000-4000-8000-000000000003', 'HALF SIZE'),
      run('half', null, 'Half size')
    ]
    const byId = namedRun(client, '3f2a')
    await expect(byId).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(byId).rejects.toThrow(/"3f2a" fits 2 runs:\n {2}3f2a1111.* Half size\n {2}3f2a2222/)
    await expect(namedRun(clientWith(twins).client, 'half size')).rejects.toThrow(/fits 3 runs:/)
    // The name of one run and the beginning of the id of another.
    const crossed = [a, run('77770000-0000-4000-8000-000000000003', '3f2a1')]
    await expect(namedRun(clientWith(crossed).client, '3f2a1')).rejects.toThrow(/fits 2 runs/)
  })

  it('shows ten of many that fit and says how many more there are', async () => {
    const many = Array.from({ length: 13 }, (_, at) => run(`abcd${at}`, null))
    await expect(namedRun(clientWith(many).client, 'abcd')).rejects.toThrow(/fits 13 runs:.*… and 3 more$/s)
  })

  it('is refused where none fits, by fewer than four characters too', async () => {
    for (const given of ['3f2', '', 'size', 'ffff'])
      await expect(namedRun(client, given, { kinds: ['search'] })).rejects.toMatchObject({
        code: 'input.notFound',
        message: `There is no search "${given}".`,
        hint: expect.stringContaining('bitbench run list --kind search') as string
      })
  })

  it('lists once for several, with deleted ones where they count, and not for whole ids', async () => {
    const { client: listed, call } = clientWith([a, b])
    expect(await namedRuns(listed, ['half size', b.id, '3f2a1111'])).toEqual([a.id, b.id, a.id])
    expect(call.mock.calls).toEqual([['run.list', { kinds: [], text: '', withForgotten: false }]])
    await namedRun(listed, 'half size', { kinds: ['search'], withForgotten: true })
    expect(call).toHaveBeenLastCalledWith('run.list', { kinds: ['search'], text: '', withForgotten: true })
    call.mockClear()
    expect(await namedRuns(listed, [a.id, b.id])).toEqual([a.id, b.id])
    expect(call).not.toHaveBeenCalled()
  })
})
