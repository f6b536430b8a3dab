import { AppError } from '../../../shared/errors'
import type { OnnxModel } from '../../model/onnx/onnx'
import { checkFinite, type LmLayer, type LmModel } from '../checkpoint'
import { checkDecoderConfig, defaultEpsilon, type LmConfig } from '../config'
import { sameValues, tracedAttention, type TracedAttention, type TracedHead } from './attention'
import { wholeAtom, type Atom, type Form } from './form'
import {
  expectAtom,
  expectResidual,
  expectSame,
  lastNode,
  matrixOfColumns,
  matrixOfRows,
  mismatch,
  normOf,
  residualAtoms,
  rowsOf,
  tableValues,
  type AtomOf,
  type Normed
} from './parts'
import { usualAngles } from './rotary'
import { traceDecoder } from './traceDecoder'

/** Positions of a decoder whose file leaves the length of the sequence open. */
const usualLength = 256

/** A layer as it is read, with what must be the same in all layers. */
interface ReadLayer {
  readonly layer: LmLayer
  readonly heads: number
  readonly kvHeads: number
  readonly hiddenDim: number
  readonly angles: readonly number[]
  readonly epsilons: readonly number[]
}

/**
 * Reads a Llama-style decoder from an ONNX graph, however its exporter spells norms, rotations, masks and repeated heads. Rotations of
 * halves become those of neighbours (rows of queries and keys change places); what scores are scaled with goes into the queries.
 * @throws AppError model.unsupportedOperator with the node that does not match, model.invalid, model.unsupportedShape
 */
export function decoderFromOnnx(model: OnnxModel): LmModel {
  const { logits, node, fixedLength } = traceDecoder(model)
  const classifier = rowsOf(logits, 'the classifier')
  if (classifier.scale !== 1) throw mismatch(classifier.linear.node, 'logits are scaled')
  const final = normOf(classifier.linear.of, 'the classifier')
  const atoms = residualAtoms(final.of)
  const [embedding] = atoms
  if (embedding?.kind !== 'embedding')
    throw mismatch(lastNode(final.of), 'the residual does not begin with an embedding')
  if (atoms.length % 2 !== 1)
    throw mismatch(lastNode(final.of), 'a layer has no two additions to the residual')
  const layers = Array.from({ length: (atoms.length - 1) / 2 }, (_, index) => readLayer(atoms, index))
  const classifierValues = matrixOfRows(classifier.linear, classifier.rows)
  const tied = sameValues(embedding, classifierValues)
  const table = tableValues(embedding)
  const config = configOf(layers, final, {
    dim: embedding.dims.at(-1)!,
    vocabulary: embedding.table.dims[0],
    sequenceLength: fixedLength ?? usualLength,
    tied
  })
  if (classifier.rows.length !== config.vocabulary)
    throw mismatch(
      `"${node.name}" (${node.opType})`,
      `the classifier has ${classifier.rows.length} tokens, the embedding ${config.vocabulary}`
    )
  const found = {
    config,
    embedding: table,
    layers: layers.map(({ layer }) => layer),
    finalNorm: final.weight,
    classifier: tied ? table : classifierValues
  }
  checkFinite(found)
  return found
}

function configOf(
  layers: readonly ReadLayer[],
  final: Normed,
  sizes: Pick<LmConfig, 'dim' | 'vocabulary' | 'sequenceLength' | 'tied'>
): LmConfig {
  const [first] = layers
  if (first === undefined) throw differ('it has no layer')
  const { heads, kvHeads, hiddenDim, angles } = first
  const epsilons = [final.epsilon, ...layers.flatMap((layer) => layer.epsilons)]
  if (epsilons.some((epsilon) => Math.abs(epsilon / epsilons[0] - 1) > 1e-6))
    throw differ('its norms have different epsilons')
  if (!(epsilons[0] >= 0 && epsilons[0] < 1)) throw differ(`the epsilon of its norms is ${epsilons[0]}`)
  for (const layer of layers)
    if (layer.heads !== heads || layer.kvHeads !== kvHeads || layer.hiddenDim !== hiddenDim)
      throw differ('its layers have different sizes')
    else if (layer.angles.some((angle, pair) => Math.abs(angle / angles[pair] - 1) > 1e-4))
      throw differ('its layers turn their heads differently')
  if (2 * angles.length * heads !== sizes.dim)
    throw differ(`${heads} heads of ${2 * angles.length} are not its width of ${sizes.dim}`)
  const usual = usualAngles(2 * angles.length)
  const isUsual = angles.every((angle, pair) => Math.abs(angle / usual[pair] - 1) < 1e-5)
  const config: LmConfig = {
    ...sizes,
    ...{ hiddenDim, heads, kvHeads, layers: layers.length },
    ...(isUsual ? {} : { angles }),
    ...(Math.abs(epsilons[0] / defaultEpsilon - 1) < 1e-6 ? {} : { epsilon: epsilons[0] })
  }
  checkDecoderConfig(config)
  return config
}

/** Layer `index`: attention and feed-forward block, each reading the residual as it was before. */
function readLayer(atoms: readonly Atom[], index: number): ReadLayer {
  const [output, down] = atoms.slice(1 + 2 * index, 3 + 2 * index)
  for (const atom of [output, down])
    if (atom.kind !== 'linear')
      throw mismatch(atom.node, 'what is added to the residual is no product with a matrix')
  const attention = tracedAttention((output as AtomOf<'linear'>).of)
  const attentionNorm = normOf(attention.input, 'attention')
  expectResidual(attentionNorm.of, atoms.slice(0, 1 + 2 * index), `attention of layer ${index}`)
  const forward = feedForward((down as AtomOf<'linear'>).of)
  const ffnNorm = normOf(forward.input, 'the feed-forward block')
  expectResidual(ffnNorm.of, atoms.slice(0, 2 + 2 * index), `the feed-forward block of layer ${index}`)
  const { heads, kvHeads, angles, matrices } = headsOf(attention, output as AtomOf<'linear'>)
  return {
    layer: {
      attentionNorm: attentionNorm.weight,
      ffnNorm: ffnNorm.weight,
      ...matrices,
      ...{ w1: forward.w1, w3: forward.w3, w2: (down as AtomOf<'linear'>).weights }
    },
    hiddenDim: (down as AtomOf<'linear'>).columns,
    ...{ heads, kvHeads, angles, epsilons: [attentionNorm.epsilon, ffnNorm.epsilon] }
  }
}

/** silu(w1 x) * (w3 x) */
function feedForward(form: Form): { w1: Float32Array; w3: Float32Array; input: Form } {
  const product = expectAtom(form, 'product', 'the feed-forward block is no SwiGLU')
  const [gate, up] = wholeAtom(product.a)?.kind === 'silu' ? [product.a, product.b] : [product.b, product.a]
  const silu = expectAtom(gate, 'silu', 'the gate of the feed-forward block is no SiLU')
  const [w1, w3] = [rowsOf(silu.of, 'the gate'), rowsOf(up, 'the upper branch')]
  if (w1.scale !== 1 || w3.scale !== 1)
    throw mismatch(product.node, 'gate or upper branch of the feed-forward block is scaled')
  expectSame(w1.linear.of, w3.linear.of, w3.linear.node, 'gate and upper branch read different things')
  return {
    w1: matrixOfRows(w1.linear, w1.rows),
    w3: matrixOfRows(w3.linear, w3.rows),
    input: w1.linear.of
  }
}

/** Matrices of attention in the order of llama2.c: heads by the keys they share, neighbours turned together. */
function headsOf(
  { heads }: TracedAttention,
  output: AtomOf<'linear'>
): Pick<ReadLayer, 'heads' | 'kvHeads' | 'angles'> & {
  matrices: Pick<LmLayer, 'wq' | 'wk' | 'wv' | 'wo'>
} {
  const groups = new Map<string, TracedHead[]>()
  for (const head of heads) {
    const rows = head.key.pairs.map((pair) => pair.rows.join()).sort()
    const name = `${head.key.linear.id} ${rows.join(' ')} ${head.value.id} ${head.valueRows.join()}`
    groups.set(name, [...(groups.get(name) ?? []), head])
  }
  const shared = [...groups.values()]
  if (shared.some((group) => group.length !== shared[0].length))
    throw mismatch(output.node, 'heads share keys and values unevenly')
  const ordered = shared.flat()
  const angles = ordered[0].query.pairs.map(({ angle }) => angle)
  const queries = ordered.flatMap((head) => queryRows(head, angles))
  const keys = shared.flatMap(([{ query, key }]) =>
    query.pairs.flatMap(({ columns }) => [...key.pairs.find((pair) => pair.columns[0] === columns[0])!.rows])
  )
  const [{ query, key, value }] = ordered
  const order = ordered.flatMap(({ outputColumns }) => [...outputColumns])
  return {
    heads: heads.length,
    kvHeads: shared.length,
    angles,
    matrices: {
      wq: matrixOfRows(
        query.linear,
        queries.map(({ row }) => row),
        (at) => queries[at].scale
      ),
      wk: matrixOfRows(key.linear, keys),
      wv: matrixOfRows(
        value,
        shared.flatMap(([head]) => [...head.valueRows])
      ),
      wo: matrixOfColumns(output, order)
    }
  }
}

/** Rows of a head's queries, each with what it is multiplied with so that scores are divided by the root of the head's size. */
function queryRows(
  { query, key, scoreScale }: TracedHead,
  angles: readonly number[]
): { row: number; scale: number }[] {
  const size = 2 * angles.length
  return query.pairs.flatMap((pair, at) => {
    const other = key.pairs.find(({ columns }) => columns[0] === pair.columns[0])
    if (other?.columns[1] !== pair.columns[1] || Math.abs(other.angle / pair.angle - 1) > 1e-4)
      throw mismatch(key.linear.node, 'queries and keys are not rotated alike')
    if (Math.abs(pair.angle / angles[at] - 1) > 1e-4)
      throw mismatch(query.linear.node, 'heads of a layer are not rotated alike')
    const scale = pair.scale * other.scale * scoreScale * Math.sqrt(size)
    const exact = Math.abs(scale - 1) < 1e-5 ? 1 : scale
    return pair.rows.map((row) => ({ row, scale: exact }))
  })
}

const differ = (what: string): AppError =>
  new AppError(
    'model.unsupportedShape',
    `The ONNX file's decoder cannot be read: ${what}.`,
    'Read are decoders whose layers are all alike, with heads that fill the width.'
  )
