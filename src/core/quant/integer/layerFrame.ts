import type { CodeFormat } from '../quantizedNetwork'
import type { ShapeHwc } from '../../kernel/shape'

/** What every integer layer has, whatever it does. */
export interface LayerFrame {
  readonly name: string
  readonly inputs: readonly number[]
  readonly inputShape: ShapeHwc
  readonly outputShape: ShapeHwc
  readonly input: CodeFormat
}
