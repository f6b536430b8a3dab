import type { OnnxNode } from '../onnx/onnx'
import { bind, valueAt, type ImportState, type OperatorReader } from '../onnx/importState'
import { foldConstant } from './foldConstant'
import { readAdd, readDiv, readMul, readSub, readSum } from './binary'
import { channelsLastReaders } from './channelsLast'
import { composedReaders } from './composed'
import { readConcat } from './concat'
import { readConv } from './convolution'
import { readConvTranspose } from './convTranspose'
import { readBatchNorm, readClip, readMinMax, readPRelu, readRelu, tableReaders } from './elementwise'
import { dynamicReaders, fusedDynamicReaders } from './dynamicQuantization'
import { gatherReader, readEqual } from './embedding'
import { einsumReader } from './einsum'
import { fusedReaders } from './fused'
import { gemmReader } from './gemm'
import { movePlan, moveOperators } from './moves'
import { layerNormReader } from './normalization'
import { readPad } from './pad'
import { powerReader } from './power'
import { readAveragePool, readGlobalPool, readMaxPool } from './pooling'
import { readQuantizedOperator, quantizedOperators } from './qoperators'
import { readDequantize, readQuant, readQuantize } from './quantization'
import { readRecurrent } from './recurrent'
import { readReduce } from './reduce'
import { integerQuotient, readCast, readIntegerDiv, readRequantShift } from './rounding'
import { readResize } from './resize'
import { endingReader, readConstant, readMove, readShape, readSize } from './shaping'
import { readMatMul } from './weighted'
import { andReader, comparisonReader, orReader, readIsNaN, readNot } from './truth'
import { whereReader } from './where'

/** The reader of every operator that is read, by ONNX name (standard domain). A Map: names like "constructor" are no operators. */
export const operatorReaders: ReadonlyMap<string, OperatorReader> = new Map<string, OperatorReader>([
  ['Conv', readConv],
  ['ConvTranspose', readConvTranspose],
  ['Gemm', gemmReader(readOperator)],
  ['MatMul', readMatMul],
  ['Relu', readRelu],
  ['Clip', readClip],
  ['PRelu', readPRelu],
  ...Object.entries(tableReaders),
  ['Pow', powerReader(readOperator)],
  ['Add', readAdd],
  ['Sub', readSub],
  ['Mul', readMul],
  ['Div', integerQuotient(readDiv)],
  ['Sum', readSum],
  ['Mean', readSum],
  ['Min', readMinMax],
  ['Max', readMinMax],
  ['BatchNormalization', readBatchNorm],
  ['LayerNormalization', layerNormReader(readOperator)],
  ['RMSNormalization', layerNormReader(readOperator)],
  ['MaxPool', readMaxPool],
  ['AveragePool', readAveragePool],
  ['GlobalAveragePool', readGlobalPool],
  ['GlobalMaxPool', readGlobalPool],
  ['ReduceMean', integerQuotient(readReduce)],
  ['ReduceSum', readReduce],
  ['ReduceMax', readReduce],
  ['Concat', readConcat],
  ['Pad', readPad],
  ['Resize', readResize],
  ['Upsample', readResize],
  ...moveOperators.map((name): [string, OperatorReader] => [name, readMove(movePlan(name)!)]),
  ['Gather', gatherReader(readOperator, readMove(movePlan('Gather')!))],
  ...['LSTM', 'GRU', 'RNN'].map((name): [string, OperatorReader] => [name, readRecurrent(readOperator)]),
  ['Equal', readEqual],
  ['Where', whereReader(readOperator)],
  ['Not', readNot],
  ['And', andReader(readOperator)],
  ['IsNaN', readIsNaN],
  ...['Or', 'Xor'].map((name): [string, OperatorReader] => [name, orReader(readOperator)]),
  ...['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map((name): [string, OperatorReader] => [
    name,
    comparisonReader(readOperator)
  ]),
  ['Einsum', einsumReader(readOperator)],
  ['QuantizeLinear', readQuantize],
  ['DequantizeLinear', readDequantize],
  ['Cast', readCast],
  ['RequantShift', readRequantShift],
  ...['Softmax', 'LogSoftmax', 'ArgMax'].map((name): [string, OperatorReader] => [
    name,
    endingReader(readOperator)
  ]),
  ...composedReaders(readOperator),
  ...dynamicReaders(readOperator),
  ['Constant', readConstant],
  ['Shape', readShape],
  ['Size', readSize],
  ['QLinearConv', readQuantizedOperator((name) => operatorReaders.get(name))],
  ['QLinearMatMul', readQuantizedOperator((name) => operatorReaders.get(name))],
  ['CastLike', (state, node) => bind(state, node, valueAt(state, node, 0))]
])

/** Domains of onnxruntime's own quantized operators and of the QONNX dialects. */
const otherDomains: Readonly<Record<string, ReadonlyMap<string, OperatorReader>>> = {
  'com.microsoft': new Map([
    ...fusedReaders(readOperator),
    ...fusedDynamicReaders(readOperator),
    ...quantizedOperators.map((name): [string, OperatorReader] => [
      name,
      readQuantizedOperator((own) => operatorReaders.get(own))
    ])
  ]),
  'qonnx.custom_op.channels_last': new Map(channelsLastReaders(readOperator)),
  ...Object.fromEntries(
    ['PACTOps', 'ai.onnx.contrib'].map((domain) => [
      domain,
      new Map([
        ['RequantShift', readRequantShift],
        ['IntegerDiv', readIntegerDiv]
      ])
    ])
  ),
  ...Object.fromEntries(
    ['qonnx.custom_op.general', 'onnx.brevitas', 'finn.custom_op.general'].map((domain) => [
      domain,
      new Map([
        ['Quant', readQuant],
        ['BipolarQuant', readQuant]
      ])
    ])
  )
}

/** The reader of an operator; undefined where there is none. */
export function readerOf(domain: string, opType: string): OperatorReader | undefined {
  if (domain === '' || domain === 'ai.onnx') return operatorReaders.get(opType)
  return Object.hasOwn(otherDomains, domain) ? otherDomains[domain].get(opType) : undefined
}

/** Reads an operator made here; a constant where all its inputs are known. */
function readOperator(state: ImportState, node: OnnxNode): void {
  if (!foldConstant(state, node)) operatorReaders.get(node.opType)!(state, node)
}
