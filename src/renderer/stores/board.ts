import type { AppError } from '@shared/errors'
import type { Board } from '@shared/contract/board'
import type { Job } from '@shared/contract/job'
import type { LoaderName } from '@shared/contract/board/boardFiles'
import { boardNamer } from '@shared/text/boardName'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createBoardConsoles } from './boardConsoles'
import { createAction, forgetErrors, forgetOnChange } from './window/action'

/** A load onto a board that ended. */
export type BoardLoad = CommandOutput<'board.loads'>['loads'][number]

/** Opening a port, a boot loader and an emulator all take their time; making a simulated core takes as long as it takes. */
const connecting = { timeoutMs: 120_000, whileJob: ({ kind }: Job) => kind === 'board.makeCore' }

/** Errors that are over when the board is connected again. */
const absenceErrors: ReadonlySet<string> = new Set([
  'board.notFound',
  'board.notConnected',
  'board.busy',
  'board.permission',
  'board.timeout',
  'board.disconnected',
  'board.notMonitor'
])

/** Boards, the one the pages work with, and their consoles. */
export const useBoards = defineStore('board', () => {
  const client = useClient()
  const byId = shallowRef(new Map<string, Board>())
  const chosenId = ref<string | null>(null)
  /** The board of the last connect: its error is about this one, whichever is looked at meanwhile. */
  const triedId = ref<string | null>(null)
  const consoles = createBoardConsoles(client)
  const loads = ref<BoardLoad[]>([])

  const all = computed(() => [...byId.value.values()])
  /** Boards that can be measured: connected, with a Bitbench monitor that replied. An open line alone is not enough. */
  const connected = computed(() =>
    all.value.filter((board) => board.state === 'connected' && board.info !== null)
  )
  /** The board the other pages measure and deploy on: the chosen one while connected, else any connected one. */
  const active = computed(
    () => connected.value.find((board) => board.id === chosenId.value) ?? connected.value[0] ?? null
  )
  const shown = computed(() => byId.value.get(chosenId.value ?? '') ?? active.value ?? all.value[0] ?? null)

  function accept(board: Board): void {
    const before = byId.value.get(board.id)?.state
    if (board.state === 'connected' && before !== 'connected') forgetErrors(isOverFor(board.id))
    byId.value.set(board.id, board)
    triggerRef(byId)
  }

  /** Errors of a board that was not there, as far as they are about this one. */
  const isOverFor =
    (id: string) =>
    ({ code, details }: AppError): boolean =>
      absenceErrors.has(code) && (details?.['boardId'] ?? triedId.value ?? chosenId.value) === id

  /** What went wrong with a board is over when the board is no longer listed. */
  function dropErrorsOf(id: string): void {
    if (byId.value.has(id)) return
    forgetErrors(isOverFor(id))
    if (triedId.value === id) connect.error = null
  }

  client.subscribe('board.changed', accept)
  client.subscribe('board.removed', ({ id }) => {
    byId.value.delete(id)
    triggerRef(byId)
    dropErrorsOf(id)
  })

  const load = createAction(async () => {
    const { boards } = await client.call('board.list', {})
    byId.value = new Map(boards.map((board) => [board.id, board]))
  })

  const connect = createAction(
    async (id: string, options: Omit<CommandInput<'board.connect'>, 'id'> = {}) => {
      chosenId.value = id
      triedId.value = id
      const { board } = await client.call('board.connect', { id, ...options }, connecting)
      accept(board)
      return board
    }
  )

  /** Several at once; the first failure is shown when all have been tried. */
  const connectAll = createAction(async (ids: readonly string[]) => {
    const tries = await Promise.allSettled(ids.map((id) => client.call('board.connect', { id }, connecting)))
    for (const tried of tries) if (tried.status === 'fulfilled') accept(tried.value.board)
    const failed = tries.find((tried) => tried.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  })

  const disconnect = createAction(async (id: string) => {
    await client.call('board.disconnect', { id })
  })

  const reset = createAction(async (id: string) => {
    const { board } = await client.call('board.reset', { id })
    accept(board)
  })

  const save = createAction(async (input: CommandInput<'board.save'>) => {
    const { board } = await client.call('board.save', input)
    accept(board)
    return board
  })

  const forget = createAction(async (id: string) => {
    await client.call('board.forget', { id })
    await load.run()
    dropErrorsOf(id)
  })

  const upload = createAction(
    async (
      id: string,
      file: CommandInput<'board.load'>['file'],
      options: { loader: LoaderName; start: boolean; address: number | null }
    ) => {
      const { jobId } = await client.call('board.load', { id, file, ...options }, { timeoutMs: 120_000 })
      return jobId
    }
  )

  /** Brings the monitor up on a board that is in its boot loader; `description` is a file that describes it. */
  const boot = createAction(async (id: string, description: CommandInput<'board.boot'>['description']) => {
    chosenId.value = id
    const { jobId } = await client.call('board.boot', { id, description }, { timeoutMs: 120_000 })
    return jobId
  })

  /** What a file says of a board, and where each field comes from. */
  const describe = createAction(async (file: CommandInput<'board.describe'>['file']) =>
    client.call('board.describe', { file })
  )

  const loadDescription = createAction(async (id: string) => {
    return (await client.call('board.description', { id })).description
  })

  /** Keeps a description with a board; null forgets it. */
  const saveDescription = createAction(
    async (id: string, description: CommandInput<'board.saveDescription'>['description']) =>
      (await client.call('board.saveDescription', { id, description })).description
  )

  const loadLoads = createAction(async () => {
    loads.value = (await client.call('board.loads', {})).loads
  })

  const namer = computed(() => boardNamer(all.value))
  /** Name of a board by its id; what is no id of a known board stays as it is. */
  const nameOf = (id: string): string => namer.value(id)

  forgetOnChange(chosenId, [
    connect,
    disconnect,
    reset,
    save,
    consoles.sendText,
    consoles.sendFile,
    upload,
    boot,
    describe,
    saveDescription
  ])
  return {
    ...consoles,
    all,
    connected,
    active,
    shown,
    chosenId,
    loads,
    load,
    connect,
    triedId,
    connectAll,
    disconnect,
    reset,
    save,
    forget,
    upload,
    boot,
    describe,
    loadDescription,
    saveDescription,
    loadLoads,
    nameOf
  }
})
