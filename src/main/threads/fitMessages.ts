import type { ReconstructedLayer } from '../../core/quant/quantize/reconstruct'

/**
 * Messages between threads that fit layers and the thread that has the connection to the queue server, on a channel of their
 * process. Fits are named by `content` (network, items, steps) and by their key in `roundedCache`.
 */
export type FitsMessage =
  /** From a thread, which waits a little for the reply. */
  | {
      readonly kind: 'look'
      readonly id: string
      readonly content: string
      readonly keys: readonly string[]
    }
  | {
      readonly kind: 'made'
      readonly content: string
      readonly key: string
      readonly fit: ReconstructedLayer
    }
  /** To the thread that looked: one entry a key, null where it was not found. */
  | { readonly kind: 'found'; readonly id: string; readonly fits: readonly (ReconstructedLayer | null)[] }

/** Name of the channel (threadChannel.ts). */
export const fitsChannel = 'bitbench fits of hosts'
