import { describe, expect, it } from 'vitest'
// @ts-expect-error the rule is plain JavaScript, as ESLint loads it
import { forbiddenEdge } from '../../../scripts/importRule.mjs'

const edge = forbiddenEdge as (from: string, specifier: string) => string | null

describe('the import rule', () => {
  it.each([
    ['shared/units.ts', '../core/random'],
    ['shared/contract/job.ts', 'ws'],
    ['core/search/budget.ts', 'node:fs'],
    ['core/search/budget.ts', 'onnx-proto'],
    ['core/search/budget.ts', '../../main/compose'],
    ['main/board/boardService.ts', '../profile/profileService'],
    ['main/board/boardService.ts', '@main/deploy/deployService'],
    ['main/board/boardService.ts', '../compose'],
    ['main/board/boardService.ts', '../wiring/devices'],
    ['main/board/boardService.ts', 'electron'],
    ['core/binary/elf.ts', '../sim/machine'],
    ['core/kernel/spec.ts', '../proxy/samples'],
    ['core/math/random.ts', '@core/model/graph'],
    ['main/jobs/jobService.ts', '../store/store'],
    ['main/threads/taskPool.ts', '../proxy/proxyTasks'],
    ['main/store/store.ts', '../jobs/jobService'],
    ['main/proxy/proxyTasks.ts', '../taskWorker'],
    ['main/board/boardService.ts', '../cli/framework/framework'],
    ['main/hosts/webHost.ts', '../cli/framework/framework'],
    ['renderer/views/BoardsView.vue', '../../main/board/links/link'],
    ['renderer/views/BoardsView.vue', 'node:fs'],
    ['preload/index.ts', '../core/random']
  ])('forbids %s -> %s', (from, specifier) => {
    expect(edge(from, specifier)).toEqual(expect.any(String))
  })

  it.each([
    ['shared/contract/job.ts', 'zod'],
    ['core/search/budget.ts', '../random'],
    ['core/search/budget.ts', '../../shared/errors'],
    ['main/board/boardService.ts', '../store/store'],
    ['main/board/boardService.ts', '../jobs/jobService'],
    ['core/proxy/samples.ts', '../kernel/spec'],
    ['main/store/exportTable.ts', '../files/replaceFile'],
    ['main/runs/runKeeper.ts', '../jobs/jobService'],
    ['main/cli/proxy/proxy.ts', '../../proxy/proxyFiles'],
    ['main/cli/serve.ts', '../webMain'],
    ['main/compose.ts', './board/boardService'],
    ['main/wiring/devices.ts', '../board/boardService'],
    ['main/index.ts', 'electron'],
    ['renderer/views/BoardsView.vue', '@shared/units'],
    ['renderer/views/BoardsView.vue', '@core/search/budget'],
    ['preload/index.ts', 'electron']
  ])('allows %s -> %s', (from, specifier) => {
    expect(edge(from, specifier)).toBeNull()
  })
})
