/**
 * A TFLite file as plain data (schema.fbs of TensorFlow Lite, version 3): what main/model/files/tfliteFile.ts decodes, so that core
 * turns it into ONNX operators without a FlatBuffers package.
 */
export const tfliteTypes = [
  'float32',
  'float16',
  'int32',
  'uint8',
  'int64',
  'string',
  'bool',
  'int16',
  'complex64',
  'int8',
  'float64',
  'complex128',
  'uint64',
  'resource',
  'variant',
  'uint32',
  'uint16',
  'int4',
  'bfloat16'
] as const
/** Element types by name; types of newer schemas are "other". */
export type TfliteType = (typeof tfliteTypes)[number] | 'other'

/** One tensor of the graph, constant or computed. */
export interface TfliteTensor {
  readonly name: string
  readonly type: TfliteType
  readonly dims: readonly number[]
  /** Bytes of a constant; null for computed tensors. */
  readonly data: Uint8Array | null
  /** Real value of a step, one or one per index of `axis`; empty where the tensor is not quantized. */
  readonly scales: readonly number[]
  readonly zeros: readonly number[]
  readonly axis: number
  readonly isSparse: boolean
}

/** A field of an operator's options table. */
export type TfliteOption = number | boolean | readonly number[]

/** One operator of the graph, in execution order. */
export interface TfliteOperator {
  /** Name of the schema, or the code of a custom operator. */
  readonly name: string
  readonly isCustom: boolean
  /** Indices of tensors; -1 where an optional one is left out. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly options: Readonly<Record<string, TfliteOption>>
}

/** The main graph of a file. */
export interface TfliteModel {
  readonly name: string
  readonly tensors: readonly TfliteTensor[]
  readonly operators: readonly TfliteOperator[]
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
}

/** Numbers of the schema's enum BuiltinOperator by name, as far as operators are named in messages. */
export const operatorNames: readonly string[] = (
  'ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR ' +
  'FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM ' +
  'MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS ' +
  'SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND ' +
  'TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT ' +
  'LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL ' +
  'LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ' +
  'ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV ' +
  'REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS ' +
  'SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ' +
  'ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM ' +
  'BATCH_MATMUL PLACEHOLDER CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND ' +
  'HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS ' +
  'RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD ' +
  'UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT'
).split(' ')

type FieldKind = 'int' | 'byte' | 'bool' | 'float' | 'ints'
type Field = readonly [name: string, kind: FieldKind, fallback?: number]

const activation: Field = ['activation', 'byte']
const strides: readonly Field[] = [
  ['strideW', 'int'],
  ['strideH', 'int']
]
const dilations: readonly Field[] = [
  ['dilationW', 'int', 1],
  ['dilationH', 'int', 1]
]
const pool: readonly Field[] = [
  ['padding', 'byte'],
  ...strides,
  ['filterW', 'int'],
  ['filterH', 'int'],
  activation
]
const resize: readonly Field[] = [
  ['alignCorners', 'bool'],
  ['halfPixel', 'bool']
]
const reducer: readonly Field[] = [['keepDims', 'bool']]

/** Fields of the options tables in the order of their slots; operators without options that matter are left out. */
export const optionFields: Readonly<Record<string, readonly Field[]>> = {
  CONV_2D: [['padding', 'byte'], ...strides, activation, ...dilations],
  DEPTHWISE_CONV_2D: [['padding', 'byte'], ...strides, ['multiplier', 'int'], activation, ...dilations],
  TRANSPOSE_CONV: [['padding', 'byte'], ...strides, activation],
  AVERAGE_POOL_2D: pool,
  MAX_POOL_2D: pool,
  FULLY_CONNECTED: [activation, ['weightsFormat', 'byte'], ['keepDims', 'bool']],
  SOFTMAX: [['beta', 'float']],
  CONCATENATION: [['axis', 'int'], activation],
  ADD: [activation],
  SUB: [activation],
  MUL: [activation],
  DIV: [activation],
  L2_NORMALIZATION: [activation],
  LOCAL_RESPONSE_NORMALIZATION: [
    ['radius', 'int'],
    ['bias', 'float'],
    ['alpha', 'float'],
    ['beta', 'float']
  ],
  // Two fields of the bilinear form are out of use but keep their slots.
  RESIZE_BILINEAR: [['oldHeight', 'int'], ['oldWidth', 'int'], ...resize],
  RESIZE_NEAREST_NEIGHBOR: resize,
  RESHAPE: [['shape', 'ints']],
  SPACE_TO_DEPTH: [['block', 'int']],
  DEPTH_TO_SPACE: [['block', 'int']],
  GATHER: [
    ['axis', 'int'],
    ['batchDims', 'int']
  ],
  MEAN: reducer,
  SUM: reducer,
  REDUCE_MAX: reducer,
  REDUCE_MIN: reducer,
  REDUCE_PROD: reducer,
  SQUEEZE: [['axes', 'ints']],
  SPLIT: [['parts', 'int']],
  SPLIT_V: [['parts', 'int']],
  STRIDED_SLICE: [
    ['beginMask', 'int'],
    ['endMask', 'int'],
    ['ellipsisMask', 'int'],
    ['newAxisMask', 'int'],
    ['shrinkMask', 'int'],
    ['offset', 'bool']
  ],
  CAST: [
    ['from', 'byte'],
    ['to', 'byte']
  ],
  PACK: [
    ['count', 'int'],
    ['axis', 'int']
  ],
  UNPACK: [
    ['count', 'int'],
    ['axis', 'int']
  ],
  LEAKY_RELU: [['alpha', 'float']],
  MIRROR_PAD: [['mode', 'byte']],
  BATCH_MATMUL: [
    ['turnsLeft', 'bool'],
    ['turnsRight', 'bool']
  ],
  GELU: [['approximate', 'bool']],
  SVDF: [['rank', 'int'], activation],
  UNIDIRECTIONAL_SEQUENCE_LSTM: [
    activation,
    ['cellClip', 'float'],
    ['projectionClip', 'float'],
    ['timeMajor', 'bool']
  ]
}
