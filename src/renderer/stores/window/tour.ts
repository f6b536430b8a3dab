import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useApp } from '../app'
import { useBoards } from '../board'
import { useDataSets } from '../dataset'
import { useModels } from '../model'
import type { PageId } from './navigation'

/** A step of the tour: what to do, on which page, at which element (`data-tour`). */
export interface TourStep {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly page: PageId
  readonly target: string
}

/** The same loop with what is one's own, in the order in which the pages need it. */
export const tourSteps: readonly TourStep[] = [
  {
    id: 'network',
    title: 'Your network',
    text: 'Open an ONNX or TFLite file here, or drop it anywhere. Its layers, their cost and accuracy appear; what cannot be read is named.',
    page: 'model',
    target: 'open-network'
  },
  {
    id: 'data',
    title: 'Your data',
    text: 'Name a folder of pictures, or a CSV, NumPy or audio file with labels, and read it. Your files stay as they are.',
    page: 'dataset',
    target: 'add-data-set'
  },
  {
    id: 'judge',
    title: 'Your network on your data',
    text: 'Choose your data set here. Accuracy, search and deployment of the open network then use it.',
    page: 'model',
    target: 'choose-data-set'
  },
  {
    id: 'board',
    title: 'Your board',
    text: 'Plug it in and look again, or add its port or address; then connect. Bitbench brings its monitor up from the boot loader.',
    page: 'boards',
    target: 'add-board'
  }
]

/** Where the tour stands: steps are done by what there is, so that it goes on after a reload and after it was left. */
export const useTour = defineStore('tour', () => {
  const app = useApp()
  const models = useModels()
  const sets = useDataSets()
  const boards = useBoards()

  const isBegun = computed(() => app.settings?.tour.isBegun === true)
  const isOpen = computed(() => app.settings?.tour.isOpen === true)
  const skipped = computed(() => app.settings?.tour.skipped ?? [])
  const done = computed(() => {
    const reached: Readonly<Record<string, boolean>> = {
      network: models.models.some(({ shipped }) => !shipped),
      data: sets.dataSets.length > 0,
      judge: models.open?.shipped === false && models.open.dataSet !== null,
      board: boards.all.some(({ kind, state }) => kind === 'serial' && state === 'connected')
    }
    return tourSteps.filter(({ id }) => reached[id] === true).map(({ id }) => id)
  })
  /** The first step that is neither done nor skipped; null: none is left. */
  const step = computed(
    () => tourSteps.find(({ id }) => !done.value.includes(id) && !skipped.value.includes(id)) ?? null
  )

  const save = (isShown: boolean, leftOut: readonly string[]): Promise<unknown> =>
    app.save.run({ tour: { isOpen: isShown, isBegun: true, skipped: [...leftOut] } })
  /** Reads what there is: the steps that are done. */
  const look = (): Promise<unknown> => Promise.all([models.load.run(), sets.load.run()])
  /** Goes on where it was left; from the beginning once it had come to its end. */
  async function begin(): Promise<void> {
    await look()
    await save(true, step.value === null ? [] : skipped.value)
  }
  const leave = (): Promise<unknown> => save(false, skipped.value)
  const skip = (id: string): Promise<unknown> => save(true, [...skipped.value, id])

  return { isOpen, isBegun, skipped, done, step, look, begin, leave, skip }
})
