import { ints } from '../onnx/onnx'
import { constantAt, valueAt, type OperatorReader } from '../onnx/importState'
import { createMacro } from './macro'

/** Operators that QONNX writes with the channels as the last axis of input, output and (of Conv) weights. */
const operators = ['Conv', 'MaxPool', 'BatchNormalization'] as const

/** Readers of the domain qonnx.custom_op.channels_last: the standard operator between two transposes, which are views. */
export function channelsLastReaders(read: OperatorReader): [string, OperatorReader][] {
  return operators.map((opType) => [
    opType,
    (state, node) => {
      const { dims } = valueAt(state, node, 0)
      const axes = [...dims.keys()]
      const [first, last] = [axes[0], axes[axes.length - 1]]
      const toFirst = { perm: ints([first, last, ...axes.slice(1, -1)]) }
      const toLast = { perm: ints([first, ...axes.slice(2), 1]) }
      const macro = createMacro(state, node, read)
      const inputs = node.inputs.map((name, position) =>
        position === 0 || (position === 1 && opType === 'Conv' && constantAt(state, node, 1) !== undefined)
          ? macro.add('Transpose', [name], toFirst)
          : name
      )
      macro.bind(macro.add('Transpose', [macro.add(opType, inputs, node.attributes)], toLast))
    }
  ])
}
