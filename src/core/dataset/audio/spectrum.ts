/**
 * Power or magnitude of short-time Fourier transforms. Window: periodic Hann, 0.5 - 0.5 cos(2 pi n / length), as
 * tf.signal.hann_window and librosa use it.
 */
export interface FrameChoice {
  readonly frameLength: number
  readonly frameStep: number
  /** Power of two, at least frameLength; frames are zero-padded at their end. */
  readonly fftLength: number
}

/** Magnitudes, [frames][fftLength / 2 + 1]; only whole frames. */
export function magnitudes(samples: Float32Array, choice: FrameChoice): Float64Array[] {
  const { frameLength, frameStep, fftLength } = choice
  const window = Float64Array.from(
    { length: frameLength },
    (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / frameLength)
  )
  const frames: Float64Array[] = []
  const real = new Float64Array(fftLength)
  const imaginary = new Float64Array(fftLength)
  for (let from = 0; from + frameLength <= samples.length; from += frameStep) {
    real.fill(0)
    imaginary.fill(0)
    for (let at = 0; at < frameLength; at++) real[at] = samples[from + at] * window[at]
    fft(real, imaginary)
    frames.push(
      Float64Array.from({ length: fftLength / 2 + 1 }, (_, bin) => Math.hypot(real[bin], imaginary[bin]))
    )
  }
  return frames
}

/** In-place radix-2 transform (Cooley and Tukey); the length is a power of two. */
export function fft(real: Float64Array, imaginary: Float64Array): void {
  const length = real.length
  for (let at = 1, reversed = 0; at < length; at++) {
    let bit = length >> 1
    for (; reversed & bit; bit >>= 1) reversed ^= bit
    reversed ^= bit
    if (at < reversed) {
      ;[real[at], real[reversed]] = [real[reversed], real[at]]
      ;[imaginary[at], imaginary[reversed]] = [imaginary[reversed], imaginary[at]]
    }
  }
  for (let size = 2; size <= length; size *= 2) {
    const half = size / 2
    for (let k = 0; k < half; k++) {
      const angle = (-2 * Math.PI * k) / size
      const cosine = Math.cos(angle)
      const sine = Math.sin(angle)
      for (let at = k; at < length; at += size) {
        const other = at + half
        const re = real[other] * cosine - imaginary[other] * sine
        const im = real[other] * sine + imaginary[other] * cosine
        real[other] = real[at] - re
        imaginary[other] = imaginary[at] - im
        real[at] = real[at] + re
        imaginary[at] = imaginary[at] + im
      }
    }
  }
}

/** The smallest power of two that is not below. */
export function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast))
}
