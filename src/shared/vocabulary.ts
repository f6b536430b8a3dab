/**
 * The closed lists of the house. The contract makes its zod enums from them and core its types, so that a name is added
 * in one place and the compiler lists what has to handle it.
 */

/** Recurrences over all steps of a sequence, in the order of their numbers in an Image; products of the inputs are layers of their own. */
export const recurrentKernels = ['rnn', 'lstm', 'gru', 'gruAfter'] as const

/** Name of a recurrence. */
export type RecurrentKernel = (typeof recurrentKernels)[number]

/** Kernels over sequences (language models, encoders, recurrences), none of which a scheme gives weights of other widths. */
export const sequenceKernels = [
  'product',
  'softmax',
  'layerNorm',
  'rmsNorm',
  'table',
  'gather',
  'rope',
  ...recurrentKernels
] as const

/** Name of such a kernel. */
export type SequenceKernel = (typeof sequenceKernels)[number]

/** Kernels that a board can run and measure, in the order of their wire numbers (docs/protocol.md). */
export const kernelNames = [
  'matmul',
  'conv2d',
  'depthwiseConv2d',
  'maxPool',
  'avgPool',
  'add',
  'requantize',
  'flatten',
  'argmax',
  ...sequenceKernels
] as const

/** Name of a kernel. */
export type KernelName = (typeof kernelNames)[number]

/** Kernels that a proxy can be fitted for: those with columns in profile files. */
export const proxyKernelNames = [
  'matmul',
  'conv2d',
  'depthwiseConv2d',
  'maxPool',
  'avgPool',
  'add',
  'requantize',
  ...sequenceKernels
] as const satisfies readonly KernelName[]

/** Name of a kernel that a proxy can be fitted for. */
export type ProxyKernelName = (typeof proxyKernelNames)[number]

/** Names of kernels in profile files, saved proxies and data files written before the names were one; read, not shown. */
export const storedKernelNames = {
  dwconv2d: 'depthwiseConv2d',
  maxpool: 'maxPool',
  avgpool: 'avgPool'
} as const satisfies Readonly<Record<string, ProxyKernelName>>

/** Kernel variants in the order of their wire numbers. */
export const kernelVariants = ['ref', 'rv32im', 'rv32im_zbb', 'rvv', 'xbb'] as const

/** Name of a kernel build. */
export type KernelVariant = (typeof kernelVariants)[number]

/** What a core counts, and so what boards, plans and searches are priced in. */
export const countUnits = ['cycles', 'instructions'] as const

/** What a core counts. */
export type CountUnit = (typeof countUnits)[number]

/** What a Sample is measured in: counts of a core, or nanojoules by a power meter beside it. */
export const sampleUnits = [...countUnits, 'nJ'] as const

/** Unit of a Sample. */
export type SampleUnit = (typeof sampleUnits)[number]

/** What a proxy predicts: the unit of Samples, or times of anything that was measured elsewhere. */
export const timeUnits = [...sampleUnits, 'ns', 'us', 'ms', 's'] as const

/** Unit of a measured time or energy. */
export type TimeUnit = (typeof timeUnits)[number]

/** Whether a core counts in the unit. */
export const isCountUnit = (unit: TimeUnit): unit is CountUnit => unit === 'cycles' || unit === 'instructions'

/** Whether Samples are measured in the unit. */
export const isSampleUnit = (unit: TimeUnit): unit is SampleUnit => isCountUnit(unit) || unit === 'nJ'

/** What is measured of a kernel and predicted by a proxy. */
export const quantities = ['latency', 'energy'] as const

/** Latency or energy. */
export type Quantity = (typeof quantities)[number]

/** What a unit measures. */
export const quantityOf = (unit: TimeUnit): Quantity => (unit === 'nJ' ? 'energy' : 'latency')

/** Fitting algorithms; `auto` compares the robust ones and takes the best on unseen shapes. */
export const estimatorNames = [
  'auto',
  'bopsLinear',
  'cbopsLinear',
  'physics',
  'forest',
  'extraTrees',
  'boosting',
  'gaussianProcess',
  'twoStage',
  'residual',
  'lookup',
  'stacking'
] as const

/** Name of a fitting algorithm. */
export type EstimatorName = (typeof estimatorNames)[number]

/**
 * How rows are held out to judge a proxy. train: none (never a measure of quality); random: 5 folds of rows; shape: 5
 * folds of layer shapes; loso: one shape at a time.
 */
export const errorSplits = ['train', 'random', 'shape', 'loso'] as const

/** How rows are held out. */
export type ErrorSplit = (typeof errorSplits)[number]

/** What the images of a data set are used for; the sets are disjoint. */
export const imageSplits = ['calibration', 'tune', 'search', 'test'] as const

/** Use of the images of a split. */
export type ImageSplit = (typeof imageSplits)[number]

/** Search strategies. */
export const strategyNames = [
  'auto',
  'integer',
  'pairwise',
  'additiveGp',
  'greedy',
  'mico',
  'micoPublished',
  'gpEi',
  'tpe',
  'nsga2',
  'policy',
  'randomMaximal',
  'random'
] as const

/** Name of a search strategy. */
export type StrategyName = (typeof strategyNames)[number]

/** What a search minimises over the search items. */
export const objectives = ['kl', 'crossEntropy', 'mse', 'accuracy'] as const

/** What a search minimises. */
export type Objective = (typeof objectives)[number]

/** What a scheme's cost is counted in. */
export const costUnits = [...sampleUnits, 'bops', 'bytes', 'picojoules'] as const

/** Unit of a scheme's cost. */
export type CostUnit = (typeof costUnits)[number]

/** States of a Job: work of this process. */
export const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled', 'interrupted'] as const

/** State of a job. */
export type JobState = (typeof jobStates)[number]

/** States of a stored run (campaign, adaptive run, search, deployment): what outlives the process. */
export const runStates = ['running', 'done', 'failed', 'cancelled', 'interrupted'] as const

/** State of a stored run. */
export type RunState = (typeof runStates)[number]

/** Whether a job or a stored run ended before all of its work was done: where its kind can be resumed, it goes on from there. */
export const endedEarly = (state: JobState): boolean =>
  state === 'failed' || state === 'cancelled' || state === 'interrupted'

/** Where a value comes from: a device, a model of it, or a stand-in for it. */
export const origins = ['measured', 'estimated', 'simulated'] as const

/** Where a value comes from. */
export type Origin = (typeof origins)[number]

/** What networks do with the items of a data set; `unlabelled` has nothing but the float network to agree with. */
export const tasks = ['classification', 'regression', 'reconstruction', 'nextToken', 'unlabelled'] as const

/** What networks do with a data set. */
export type Task = (typeof tasks)[number]

/** Stored element of an item. */
export const elementTypes = ['u8', 'i8', 'f32'] as const

/** Element of a stored item. */
export type ElementType = (typeof elementTypes)[number]

/** Features of a sound. */
export const audioFeatureKinds = ['mfcc', 'logMel'] as const

/**
 * How a network is quantized: fitted after training, the same with codes and scales searched on more items, that with scales of groups of
 * weights (evaluation alone), tuned towards the float network without labels, or retrained.
 */
export const quantMethods = ['ptq', 'reconstruct', 'grouped', 'distill', 'retrain'] as const

type QuantMethodName = (typeof quantMethods)[number]

/** Those that train on whatever training images a machine has; the others fit the same network everywhere. */
export const trainingMethods: readonly string[] = ['distill', 'retrain'] satisfies QuantMethodName[]

/** Those that fit longer, on tuning items beside the calibration items. */
export const thoroughMethods: readonly string[] = [
  'reconstruct',
  'grouped',
  'distill'
] satisfies QuantMethodName[]

/** Kinds of models of a stage's time. */
export const stageModelNames = ['physical', 'linear', 'polynomial', 'mlp', 'gaussianProcess'] as const

/** Name of a kind of stage model. */
export type StageModelName = (typeof stageModelNames)[number]

/** Presets of column names of stage samples. */
export const samplePresetNames = ['generic', 'vlm', 'vidur'] as const

/** Name of a preset of column names. */
export type SamplePresetName = (typeof samplePresetNames)[number]

/** Parts of a search, in order. */
export const searchPhases = ['initial', 'search', 'refine'] as const

/** Why an adaptive run stopped: its error was reached, its time was used up, or its pool was. */
export const adaptiveStops = ['target', 'budget', 'exhausted'] as const

/** What a file a person opens can be used for. */
export const fileKinds = [
  'network',
  'languageModel',
  'session',
  'program',
  'bitstream',
  'boardDescription',
  'kernelSamples',
  'stageSamples',
  'recording',
  'dataset',
  'unknown'
] as const

/** What a file can be used for. */
export type FileKind = (typeof fileKinds)[number]
