import { AppError } from '@shared/errors'
import { formatAmount, formatCount, formatPercent } from '@shared/units'
import { defineStore } from 'pinia'
import { computed, reactive, ref } from 'vue'
import { useApp } from './app'
import { useBoards } from './board'
import { useDeployments } from './deploy'
import { useJobs } from './job'
import { useModels } from './model'
import type { PageId } from './navigation'
import { useProfile } from './profile'
import { useProxies } from './proxy'
import { useSearches } from './search'

/** Small enough to take a coffee's first sip, large enough that every figure means something. */
const guided = { spaceFilling: 12, evaluations: 24, budgetRatio: 0.75, images: 200, seed: 1 } as const

export type StepState = 'waiting' | 'running' | 'done' | 'failed'
export interface GuideStep {
  readonly id: 'connect' | 'profile' | 'fit' | 'search' | 'deploy' | 'check'
  readonly title: string
  readonly purpose: string
  readonly page: PageId
  state: StepState
  jobId: string | null
  /** What came out, one line each. */
  results: string[]
  error: AppError | null
}

const step = (id: GuideStep['id'], page: PageId, title: string, purpose: string): GuideStep => ({
  id,
  page,
  title,
  purpose,
  state: 'waiting',
  jobId: null,
  results: [],
  error: null
})

/** The guided first run: the whole loop on one board, step by step, each with its result and its page. */
export const useGuide = defineStore('guide', () => {
  const app = useApp()
  const boards = useBoards()
  const profile = useProfile()
  const proxies = useProxies()
  const models = useModels()
  const searches = useSearches()
  const deployments = useDeployments()
  const jobs = useJobs()

  const steps = reactive<GuideStep[]>([
    step('connect', 'boards', 'Connect', 'Start the virtual board and ask its monitor who it is.'),
    step('profile', 'profile', 'Profile', 'Run the kernels at the shapes of the network and around them.'),
    step('fit', 'proxy', 'Fit', 'Learn to predict a layer’s cost, and measure how well that works.'),
    step('search', 'search', 'Search', 'Choose the bits of every layer within a budget.'),
    step('deploy', 'deploy', 'Deploy', 'Upload the network and run it on real test images.'),
    step('check', 'deploy', 'Check', 'Compare every output and the cost with what was predicted.')
  ])
  const isRunning = ref(false)
  const next = computed(() => steps.find(({ state }) => state !== 'done') ?? null)
  const isDone = computed(() => next.value === null)
  const boardId = computed(() => app.settings?.defaultBoard ?? 'virtual:small')

  /** Store actions keep their error; here it has to stop the walk. */
  function must<T>(value: T | undefined, error: AppError | null): T {
    if (value !== undefined) return value
    throw error ?? new AppError('internal', 'The step gave no result.', 'Try the step again.')
  }

  async function follow(current: GuideStep, jobId: string): Promise<void> {
    current.jobId = jobId
    await jobs.whenSettled(jobId)
  }

  const work: Record<GuideStep['id'], (current: GuideStep) => Promise<string[]>> = {
    async connect() {
      const board = must(await boards.connect.run(boardId.value), boards.connect.error)
      if (models.open === null) await models.load.run()
      return [`${board.name} answers`, `${board.info?.isa ?? board.description}, counts ${board.unit}`]
    },
    async profile(current) {
      const started = must(
        await profile.start.run({
          boardId: boardId.value,
          modelId: models.open?.id ?? null,
          spaceFilling: guided.spaceFilling,
          seed: guided.seed
        }),
        profile.start.error
      )
      await follow(current, started.jobId)
      await profile.loadSamples.run(boardId.value)
      return [`${formatCount(profile.total)} samples, outputs verified against the host`]
    },
    async fit(current) {
      await proxies.load.run()
      const kernels = ['matmul', 'conv2d'] as const
      const results: string[] = []
      for (const kernel of kernels) {
        const hasSamples = proxies.sets.some(
          ({ source, kernel: of }) =>
            source.kind === 'board' && source.boardId === boardId.value && of === kernel
        )
        if (!hasSamples) continue
        current.results = [...results, `Fitting ${kernel}…`]
        const fitted = must(
          await proxies.fit.run({
            source: { kind: 'board', boardId: boardId.value },
            kernel,
            seed: guided.seed
          }),
          proxies.fit.error
        )
        await proxies.pin.run(fitted.id, true)
        const error = fitted.unseenShapeMape
        results.push(
          `${kernel}: ${error === null ? 'error on unseen shapes not known' : `${error.toFixed(1)} % off on unseen shapes`}${fitted.estimator === 'auto' ? '' : ` (${fitted.estimator})`}`
        )
      }
      if (results.length > 0) return results
      throw new AppError('proxy.tooFewSamples', 'There are no samples to fit.', 'Run the profile step again.')
    },
    async search(current) {
      const model = models.open
      if (model === null)
        throw new AppError('data.missing', 'No model is open.', 'Open one on the Model page.')
      const started = must(
        await searches.start.run({
          modelId: model.id,
          cost: 'proxy',
          budgetRatio: guided.budgetRatio,
          evaluations: guided.evaluations,
          seed: guided.seed
        }),
        searches.start.error
      )
      await follow(current, started.jobId)
      await searches.select.run(started.searchId)
      const found = searches.open
      if (!found?.best) {
        throw new AppError(
          'search.invalid',
          'No scheme fits the budget.',
          'That is a result: raise the budget on the Search page and search again.'
        )
      }
      return [
        `${formatPercent(found.best.cost / found.baselineCost)} of the cost of int8`,
        `${formatPercent(found.best.accuracy)} right on the search split, int8 ${formatPercent(found.int8Accuracy)}`
      ]
    },
    async deploy(current) {
      const best = searches.open?.best
      const model = models.open
      if (!best || model === null) {
        throw new AppError('deploy.noPlan', 'There is no scheme to deploy.', 'Run the search step first.')
      }
      const started = must(
        await deployments.start.run({
          modelId: model.id,
          scheme: best.scheme,
          method: searches.open?.request.method ?? 'ptq',
          boardId: boardId.value,
          images: guided.images
        }),
        deployments.start.error
      )
      await follow(current, started.jobId)
      const deployment = must(await deployments.refresh.run(started.deploymentId), deployments.refresh.error)
      return [
        `${formatCount(deployment.imagesDone)} images run on ${deployment.boardName}`,
        `${formatPercent(deployment.boardAccuracy)} right on the board`
      ]
    },
    async check() {
      const deployment = deployments.open
      if (!deployment)
        throw new AppError('deploy.noPlan', 'Nothing was deployed.', 'Run the deploy step first.')
      if (deployment.bitExact !== true) {
        throw new AppError(
          'deploy.mismatch',
          'The board’s outputs differ from the host’s.',
          'Open Deploy: it lists the first differences.'
        )
      }
      const { predicted, measured, relativeError, unit } = deployment
      return [
        'Every output is bit for bit what the host computes',
        `Predicted ${formatAmount(predicted, unit)}, counted ${formatAmount(measured, unit)} per image (${formatPercent(relativeError)})`
      ]
    }
  }

  /** Walks on from a step to the end; stops at the first failure, which stays visible with its remedy. */
  async function run(from: GuideStep['id'] = 'connect'): Promise<void> {
    if (isRunning.value) return
    const start = steps.findIndex(({ id }) => id === from)
    for (const later of steps.slice(start)) {
      Object.assign(later, { state: 'waiting', jobId: null, results: [], error: null })
    }
    isRunning.value = true
    try {
      for (const current of steps.slice(start)) {
        current.state = 'running'
        try {
          current.results = await work[current.id](current)
          current.state = 'done'
        } catch (reason) {
          current.error = AppError.from(reason)
          current.state = 'failed'
          return
        } finally {
          current.jobId = null
        }
      }
      await app.save.run({ guideSeen: true })
    } finally {
      isRunning.value = false
    }
  }

  /** Cancels the job of the running step; the walk then stops there. */
  async function cancel(): Promise<void> {
    const jobId = steps.find(({ state }) => state === 'running')?.jobId ?? jobs.running[0]?.id
    if (jobId) await jobs.cancel.run(jobId)
  }

  return { steps, isRunning, isDone, next, boardId, run, cancel }
})
