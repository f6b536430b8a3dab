// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { nextTick, ref } from 'vue'
import { AppError } from '@shared/errors'
import { createAction, forEvery, forgetErrors, forgetOnChange } from '@renderer/stores/window/action'

const failing = (code: 'input.invalid' | 'board.busy', text: string) =>
  createAction(async () => {
    throw new AppError(code, text, 'hint')
  })

it('clears only the errors whose cause is over', async () => {
  const [input, busy] = [failing('input.invalid', 'a'), failing('board.busy', 'b')]
  await input.run()
  await busy.run()
  forgetErrors(({ code }) => code === 'board.busy')
  expect(input.error?.message).toBe('a')
  expect(busy.error).toBeNull()
})

it('clears the errors of the thing that is no longer looked at', async () => {
  const open = ref('a')
  const action = failing('input.invalid', 'about a')
  forgetOnChange(open, [action])
  await action.run()
  open.value = 'a'
  await nextTick()
  expect(action.error?.message).toBe('about a')
  open.value = 'b'
  expect(action.error).toBeNull()
})

it('gives each attempt its own error, and keeps none', async () => {
  const waits: (() => void)[] = []
  const action = createAction(async (name: string) => {
    await new Promise<void>((resolve) => waits.push(resolve))
    if (name !== 'good') throw new AppError('input.invalid', name, 'hint')
  })
  const attempts = ['first', 'good', 'second'].map((name) => action.attempt(name))
  expect(action.busy).toBe(true)
  for (const index of [2, 1, 0]) waits[index]!()
  expect((await Promise.all(attempts)).map((error) => error?.message ?? null)).toEqual([
    'first',
    null,
    'second'
  ])
  expect([action.error, action.busy]).toEqual([null, false])
})

it('does the work for every row before it reports the first failure', async () => {
  const done: number[] = []
  const work = async (row: number): Promise<void> => {
    done.push(row)
    if (row % 2 === 0) throw new Error(`row ${row}`)
  }
  await expect(forEvery([1, 2, 3, 4], work)).rejects.toThrow('row 2')
  expect(done).toEqual([1, 2, 3, 4])
})
