import type { AppError } from '@shared/errors'
import { defineStore } from 'pinia'
import { ref, shallowRef, triggerRef } from 'vue'
import type { Action } from './action'

/** How long a removal can be taken back, ms. Nothing is removed before. */
export const undoMs = 10_000

/** A removal that can be undone. */
export interface Removal {
  /** One removal of a thing at a time: its kind and id. */
  key: string
  /** The thing in words, as the question named it. */
  what: string
}

/**
 * Removals that were confirmed and can still be taken back: the host is asked only when the time is over, so that a
 * window that is closed before has removed nothing.
 */
export const useRemovals = defineStore('removal', () => {
  const pending = ref<Removal[]>([])
  const failed = shallowRef(new Map<string, AppError>())
  const timers = new Map<string, ReturnType<typeof setTimeout>>()

  function take(key: string): boolean {
    const timer = timers.get(key)
    clearTimeout(timer)
    timers.delete(key)
    pending.value = pending.value.filter((one) => one.key !== key)
    return timer !== undefined
  }

  /** Removes the thing once its time is over; an error is kept under its key, for the place where the button was. */
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
        void action.run(...args).then(() => {
          if (action.error === null) return
          failed.value.set(removal.key, action.error)
          triggerRef(failed)
        })
      }, undoMs)
    )
  }

  /** Takes a removal back. */
  const undo = (key: string): boolean => take(key)

  function forgive(key: string): void {
    if (failed.value.delete(key)) triggerRef(failed)
  }

  return { pending, failed, confirm, undo, forgive }
})
