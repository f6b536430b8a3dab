import { describe, expect, it } from 'vitest'
import { shareOf, stepWork, type StepContext } from '@main/loop/loopSteps'
import { loopRequestSchema, type Loop, type LoopStepId } from '@shared/contract/loop'

/** A loop with what the other nouns return for each command; keeps what was sent. */
function loopOf(replies: Record<string, unknown>, more: Partial<Loop> = {}, request: object = {}) {
  const sent: [string, unknown][] = []
  const followed: string[] = []
  const loop = {
    ...{ id: 'loop', request: loopRequestSchema.parse({ boardId: 'virtual:small', ...request }) },
    ...{ board: null, modelId: null, campaignId: null, samples: null, proxies: [], searchId: null },
    ...{ deploymentId: null, ...more }
  } as unknown as Loop
  const context: StepContext = {
    loop,
    calls: {
      call: (name: string, input: unknown) => {
        sent.push([name, input])
        const reply = replies[name]
        const found: unknown =
          typeof reply === 'function' ? (reply as (input: unknown) => unknown)(input) : reply
        return found instanceof Error ? Promise.reject(found) : Promise.resolve(found)
      },
      follow: () => Promise.resolve()
    } as unknown as StepContext['calls'],
    signal: new AbortController().signal,
    change: (changes) => Promise.resolve(void Object.assign(loop, changes)),
    follow: (jobId) => Promise.resolve(void followed.push(jobId))
  }
  return {
    loop,
    sent,
    followed,
    run: (step: LoopStepId) => stepWork[step](context),
    names: () => sent.map(([name]) => name)
  }
}

describe('the step that connects', () => {
  const board = { kind: 'virtual', name: 'Small', unit: 'cycles', info: { isa: 'rv32imac', buildId: 7 } }
  const models = [
    { id: 'own', shipped: false, name: 'lenet5-own' },
    { id: 'other', shipped: true, name: 'resnet' },
    { id: 'lenet', shipped: true, name: 'lenet5-fashion' }
  ]
  it('takes the shipped LeNet-5', async () => {
    const { loop, run } = loopOf({ 'board.connect': { board }, 'model.list': { models } })
    expect(await run('connect')).toEqual(['Small is connected', 'rv32imac, counts cycles'])
    expect(loop).toMatchObject({
      modelId: 'lenet',
      board: { kind: 'virtual', name: 'Small', isa: 'rv32imac', buildId: 7 }
    })
  })

  it('takes the network that is named, or the first where no LeNet-5 is shipped', async () => {
    const named = loopOf({ 'board.connect': { board } }, {}, { modelId: 'mine' })
    await named.run('connect')
    expect([named.loop.modelId, named.names()]).toEqual(['mine', ['board.connect']])
    const first = loopOf({ 'board.connect': { board }, 'model.list': { models: models.slice(0, 2) } })
    await first.run('connect')
    expect(first.loop.modelId).toBe('own')
  })

  it('is refused by a board that did not identify itself, and without any network', async () => {
    const unknown = loopOf({ 'board.connect': { board: { ...board, info: null } } })
    await expect(unknown.run('connect')).rejects.toMatchObject({ code: 'board.notMonitor' })
    const none = loopOf({ 'board.connect': { board }, 'model.list': { models: [] } })
    await expect(none.run('connect')).rejects.toMatchObject({ code: 'data.missing' })
  })
})

describe('the step that profiles', () => {
  const replies = (state: string) => ({
    'profile.campaigns': { campaigns: [{ id: 'old', state }] },
    'profile.run': { jobId: 'job', campaignId: 'new' },
    'profile.resume': { jobId: 'again', campaignId: 'old' },
    'profile.samples': { total: 1234 }
  })
  it('runs a campaign', async () => {
    const { loop, run, followed, sent } = loopOf(
      replies('done'),
      { modelId: 'lenet' },
      { spaceFilling: 3, seed: 5 }
    )
    expect(await run('profile')).toEqual(['1.23 k samples, outputs verified against the host'])
    expect(sent[1]).toEqual([
      'profile.run',
      { boardId: 'virtual:small', modelId: 'lenet', seed: 5, spaceFilling: 3 }
    ])
    expect([loop.campaignId, loop.samples, followed]).toEqual(['new', 1234, ['job']])
  })
  it('goes on with the one that was interrupted, and leaves one that is done alone', async () => {
    const begun = loopOf(replies('interrupted'), { campaignId: 'old' })
    await begun.run('profile')
    expect([begun.followed, begun.names()[1]]).toEqual([['again'], 'profile.resume'])
    const done = loopOf(replies('done'), { campaignId: 'old' })
    await done.run('profile')
    expect([done.followed, done.names()]).toEqual([[], ['profile.campaigns', 'profile.samples']])
  })
})

describe('the step that fits', () => {
  const summary = (id: string, kernel: string) => ({
    id,
    kernel,
    unseenShapeMape: 3.21,
    estimator: 'physics'
  })
  it('fits and pins the kernels that were measured', async () => {
    const stored = [summary('older', 'matmul')]
    const { loop, run, followed, sent } = loopOf(
      {
        'profile.samples': ({ kernel }: { kernel: string }) => ({ total: kernel === 'conv2d' ? 0 : 9 }),
        'proxy.fit': ({ kernel }: { kernel: string }) => {
          stored.push(summary(`new ${kernel}`, kernel))
          return { jobId: `job ${kernel}` }
        },
        'proxy.list': () => ({ proxies: [...stored] }),
        'proxy.pin': {}
      },
      { campaignId: 'c' }
    )
    const texts = await run('fit')
    expect(texts).toHaveLength(2)
    expect(texts[0]).toMatch(/^matmul: .*3\.2.*\(physics\)$/)
    expect(followed).toEqual(['job matmul', 'job depthwiseConv2d'])
    expect(loop.proxies).toEqual([
      { kernel: 'matmul', proxyId: 'new matmul' },
      { kernel: 'depthwiseConv2d', proxyId: 'new depthwiseConv2d' }
    ])
    expect(sent.filter(([name]) => name === 'proxy.pin').map(([, input]) => input)).toEqual([
      { id: 'new matmul' },
      { id: 'new depthwiseConv2d' }
    ])
  })

  it('fits no kernel again whose proxy is there, and one again whose proxy was removed', async () => {
    const stored = [summary('kept', 'matmul')]
    const { loop, run, followed } = loopOf(
      {
        'profile.samples': ({ kernel }: { kernel: string }) => ({
          total: kernel === 'depthwiseConv2d' ? 0 : 9
        }),
        'proxy.fit': ({ kernel }: { kernel: string }) => {
          stored.push(summary('again', kernel))
          return { jobId: kernel }
        },
        'proxy.list': () => ({ proxies: [...stored] }),
        'proxy.pin': {}
      },
      {
        campaignId: 'c',
        proxies: [
          { kernel: 'conv2d', proxyId: 'gone' },
          { kernel: 'matmul', proxyId: 'kept' }
        ]
      }
    )
    await run('fit')
    expect(followed).toEqual(['conv2d'])
    expect(loop.proxies).toEqual([
      { kernel: 'matmul', proxyId: 'kept' },
      { kernel: 'conv2d', proxyId: 'again' }
    ])
  })

  it('fails without samples, and where a fit left no proxy', async () => {
    const none = loopOf({ 'profile.samples': { total: 0 } }, { campaignId: 'c' })
    await expect(none.run('fit')).rejects.toMatchObject({ code: 'proxy.tooFewSamples' })
    const lost = loopOf(
      { 'profile.samples': { total: 1 }, 'proxy.list': { proxies: [] }, 'proxy.fit': { jobId: 'j' } },
      { campaignId: 'c' }
    )
    await expect(lost.run('fit')).rejects.toMatchObject({ code: 'proxy.kernelMissing' })
  })
})

describe('the step that searches', () => {
  const result = (state: string, best: object | null) => ({
    search: { id: 's', state, best, baselineCost: 200, int8Accuracy: 0.9, metric: 'accuracy' }
  })
  const known = { modelId: 'lenet', proxies: [{ kernel: 'conv2d' as const, proxyId: 'p' }] }
  it('searches within the budget by the proxies', async () => {
    const { loop, run, sent, followed } = loopOf(
      {
        'search.start': { jobId: 'job', searchId: 's' },
        'search.get': result('done', { cost: 150, accuracy: 0.875 })
      },
      known,
      { budgetRatio: 0.8, evaluations: 9, seed: 4 }
    )
    expect(await run('search')).toEqual([
      '75.0 % of the cost of int8',
      '87.50 % right on the search split, int8 90.00 %'
    ])
    expect(sent[0]).toEqual([
      'search.start',
      {
        ...{ modelId: 'lenet', strategy: 'auto', cost: 'proxy', budgetRatio: 0.8, evaluations: 9, seed: 4 },
        proxyId: 'p'
      }
    ])
    expect([loop.searchId, followed]).toEqual(['s', ['job']])
  })

  it('goes on with an interrupted search, begins one that was deleted again, and leaves a finished one alone', async () => {
    const best = { cost: 150, accuracy: 0.875 }
    const begun = loopOf(
      { 'search.resume': { jobId: 'again', searchId: 's' }, 'search.get': result('interrupted', best) },
      { ...known, searchId: 's' }
    )
    await begun.run('search')
    expect(begun.followed).toEqual(['again'])
    let isDeleted = true
    const deleted = loopOf(
      {
        'search.get': () => (isDeleted ? new Error('gone') : result('done', best)),
        'search.start': () => {
          isDeleted = false
          return { jobId: 'new', searchId: 't' }
        }
      },
      { ...known, searchId: 's' }
    )
    await deleted.run('search')
    expect([deleted.followed, deleted.loop.searchId]).toEqual([['new'], 't'])
    const done = loopOf({ 'search.get': result('done', best) }, { ...known, searchId: 's' })
    await done.run('search')
    expect(done.followed).toEqual([])
  })

  it('says that nothing is within the budget', async () => {
    const none = loopOf({ 'search.get': result('done', null) }, { ...known, searchId: 's' })
    await expect(none.run('search')).rejects.toMatchObject({
      message: 'No scheme is within 75 % of the int8 cost.'
    })
  })
})

describe('the steps that deploy and check', () => {
  const deployment = {
    ...{ id: 'd', state: 'done', imagesDone: 250, boardName: 'Small', boardAccuracy: 0.5, bitExact: true },
    ...{ predicted: 1000, measured: 1100, relativeError: 0.0909, unit: 'cycles' }
  }
  const search = { best: { scheme: ['w4a8'] }, request: { method: 'minmax' } }
  const replies = (deployments: object[]) => ({
    'deploy.list': { deployments },
    'search.get': { search },
    'deploy.run': { jobId: 'job', deploymentId: 'd' },
    'deploy.resume': { jobId: 'again', deploymentId: 'd' },
    'deploy.get': { deployment }
  })
  it('runs the best scheme on the board', async () => {
    const { loop, run, sent, followed } = loopOf(
      replies([]),
      { modelId: 'lenet', searchId: 's' },
      { images: 33 }
    )
    expect(await run('deploy')).toEqual(['250 images run on Small', '50.0 % right on the board'])
    expect(sent.find(([name]) => name === 'deploy.run')![1]).toEqual({
      ...{ modelId: 'lenet', scheme: ['w4a8'], method: 'minmax', boardId: 'virtual:small', images: 33 }
    })
    expect([loop.deploymentId, followed]).toEqual(['d', ['job']])
  })

  it('goes on with one that was interrupted, and leaves one that is done alone', async () => {
    const begun = loopOf(replies([{ id: 'd', state: 'interrupted' }]), { deploymentId: 'd' })
    await begun.run('deploy')
    expect(begun.followed).toEqual(['again'])
    const done = loopOf(replies([deployment]), { deploymentId: 'd' })
    await done.run('deploy')
    expect(done.followed).toEqual([])
  })

  it('says nothing of an accuracy without labels', async () => {
    const unlabelled = { ...deployment, boardAccuracy: null, imagesDone: 1 }
    const { run } = loopOf(
      { ...replies([deployment]), 'deploy.get': { deployment: unlabelled } },
      { deploymentId: 'd' }
    )
    expect(await run('deploy')).toEqual(['1 image run on Small'])
  })

  it('passes where every output is equal, and fails otherwise', async () => {
    const { run } = loopOf(replies([]), { deploymentId: 'd' })
    expect(await run('check')).toEqual([
      'Every output is bit for bit what the host computes',
      'Predicted 1 k cycles, counted 1.1 k cycles per image (9.1 %)'
    ])
    const other = loopOf(
      { 'deploy.get': { deployment: { ...deployment, bitExact: null } } },
      { deploymentId: 'd' }
    )
    await expect(other.run('check')).rejects.toMatchObject({ code: 'deploy.mismatch' })
  })
})

it('the share of a job is between 0 and 1, and 0 while its total is unknown', () => {
  const share = (done: number, total: number) => shareOf({ done, total } as never)
  expect([share(3, 4), share(5, 4), share(3, 0), share(0, 1)]).toEqual([0.75, 1, 0, 0])
})
