import type { AppError } from '@shared/errors'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { onErrorsOver, type Action } from './action'

/** How long a removal can be taken back, ms. Nothing is removed before. */
export const undoMs = 10_000

/** A removal that can be undone. */
export interface Removal {
  /** One removal of a thing at a time: its kind and id. */
  key: string
  /** The thing in words, as the question named it. */
  what: string
}

/** A removal that the host refused. */
export interface FailedRemoval extends Removal {
  error: AppError
}

/**
 * Removals that were confirmed and can still be taken back: the host removes only when the time is over, so that a
 * window that is closed before has removed nothing.
 */
export const useRemovals = defineStore('removal', () => {
  const pending = ref<Removal[]>([])
  const failed = ref<FailedRemoval[]>([])
  const timers = new Map<string, ReturnType<typeof setTimeout>>()

  function take(key: string): boolean {
    const timer = timers.get(key)
    clearTimeout(timer)
    timers.delete(key)
    pending.value = pending.value.filter((one) => one.key !== key)
    return timer !== undefined
  }

  /** Removes the thing once its time is over; an error is kept under its key, and shown wherever the window is. */
  function confirm<Args extends unknown[]>(
    removal: Removal,
    action: Action<Args, unknown>,
    args: Args
  ): void {
    if (timers.has(removal.key)) return
    forgive(removal.key)
    pending.value = [...pending.value, removal]
    timers.set(
      removal.key,
      setTimeout(() => {
        take(removal.key)
        // Several removals of one action may end in any order: each keeps its own error.
        void action.attempt(...args).then((error) => {
          if (error !== null) failed.value = [...failed.value, { ...removal, error }]
        })
      }, undoMs)
    )
  }

  /** Takes a removal back. */
  const undo = (key: string): boolean => take(key)

  function forgive(key: string): void {
    failed.value = failed.value.filter((one) => one.key !== key)
  }

  onErrorsOver((isOver) => {
    failed.value = failed.value.filter(({ error }) => !isOver(error))
  })

  return { pending, failed, confirm, undo, forgive }
})
