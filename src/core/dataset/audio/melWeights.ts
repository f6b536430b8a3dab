/** What a mel filter bank covers. */
export interface MelBand {
  readonly melBins: number
  readonly rateHz: number
  readonly lowHz: number
  readonly highHz: number
  /** Frequency bins 0..rateHz/2. */
  readonly bins: number
}

/**
 * Weights as tf.signal.linear_to_mel_weight_matrix gives them: HTK mel, 1127 ln(1 + f/700); triangles with straight
 * sides in mel, not normalised, the bin of frequency 0 left out. [melBins][bins]
 */
export function htkMelWeights(band: MelBand): Float64Array[] {
  const mel = (hz: number): number => 1127 * Math.log(1 + hz / 700)
  const edges = edgesOf(mel(band.lowHz), mel(band.highHz), band.melBins)
  const binMel = Float64Array.from({ length: band.bins }, (_, bin) => mel(binHz(bin, band)))
  return triangles(edges, binMel, band.melBins).map((row) => {
    row[0] = 0
    return row
  })
}

/**
 * Weights as librosa.filters.mel gives them by default: Slaney's scale (linear below 1 kHz, logarithmic above),
 * triangles with straight sides in Hz, each of area one (norm "slaney"). [melBins][bins]
 */
export function slaneyMelWeights(band: MelBand): Float64Array[] {
  const edges = edgesOf(toSlaney(band.lowHz), toSlaney(band.highHz), band.melBins).map(fromSlaney)
  const hz = Float64Array.from({ length: band.bins }, (_, bin) => binHz(bin, band))
  return triangles(edges, hz, band.melBins).map((row, index) => {
    const scale = 2 / (edges[index + 2] - edges[index])
    return row.map((weight) => weight * scale)
  })
}

function binHz(bin: number, { rateHz, bins }: MelBand): number {
  return ((rateHz / 2) * bin) / (bins - 1)
}

function edgesOf(low: number, high: number, melBins: number): number[] {
  return Array.from({ length: melBins + 2 }, (_, at) => low + ((high - low) * at) / (melBins + 1))
}

function triangles(edges: readonly number[], positions: Float64Array, melBins: number): Float64Array[] {
  return Array.from({ length: melBins }, (_, index) => {
    const [low, peak, high] = [edges[index], edges[index + 1], edges[index + 2]]
    return positions.map((at) =>
      Math.max(0, Math.min((at - low) / (peak - low), (high - at) / (high - peak)))
    )
  })
}

const slaneyStep = 200 / 3
const slaneyKnee = 1000 / slaneyStep
const slaneyLog = Math.log(6.4) / 27

function toSlaney(hz: number): number {
  return hz < 1000 ? hz / slaneyStep : slaneyKnee + Math.log(hz / 1000) / slaneyLog
}

function fromSlaney(mel: number): number {
  return mel < slaneyKnee ? mel * slaneyStep : 1000 * Math.exp(slaneyLog * (mel - slaneyKnee))
}
