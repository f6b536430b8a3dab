import type { QuantMethod } from '@shared/contract/model'

/** Why a network whose weights were found by this method runs on no board; null: it can be deployed. */
export const undeployableText = (method: QuantMethod): string | null =>
  method === 'grouped' ? 'Its weights have scales of groups of 16, which no kernel of a board takes' : null
