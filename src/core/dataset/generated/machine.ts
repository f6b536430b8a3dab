import type { Random } from '../../math/random'

const rateHz = 16_000

/**
 * A short sound of a geared motor, long enough for five frames of 1024 samples every 512: harmonics of the shaft, the gear
 * mesh at its 17th, coloured noise. An anomalous one has a worn bearing, another speed, a loose tooth or a whine of
 * random severity. It is made, not recorded.
 */
export function runMachine(isAnomalous: boolean, random: Random): Float32Array {
  const sound = new Float32Array(2048)
  const fault = isAnomalous ? random.integer(4) : -1
  const severity = 0.25 + 0.75 * random.next()
  const shaftHz = (46 + 8 * random.next()) * (fault === 1 ? 1 + 0.5 * severity : 1)
  const tones = harmonics(shaftHz, random)
  if (fault === 2) {
    // A loose tooth: sidebands of the mesh at the shaft's distance.
    for (const side of [-3, -2, -1, 1, 2, 3])
      tones.push({ hz: shaftHz * (17 + side), gain: (0.2 * severity) / Math.abs(side), phase: random.next() })
  }
  if (fault === 3)
    tones.push({ hz: 1500 + 4500 * random.next(), gain: 0.06 * severity, phase: random.next() })
  let slow = 0
  for (let at = 0; at < sound.length; at++) {
    slow = 0.95 * slow + 0.05 * random.normal()
    let value = 0.4 * slow + 0.01 * random.normal()
    for (const { hz, gain, phase } of tones)
      value += gain * Math.sin(2 * Math.PI * ((hz * at) / rateHz + phase))
    if (fault === 0) {
      const turn = (at * shaftHz * 3.6) / rateHz
      const knock = Math.exp(-12 * (turn - Math.floor(turn)))
      value += 0.25 * severity * knock * random.normal()
    }
    sound[at] = value
  }
  const loudness = 0.7 + 0.6 * random.next()
  return sound.map((value) => value * loudness)
}

interface Tone {
  readonly hz: number
  readonly gain: number
  readonly phase: number
}

function harmonics(shaftHz: number, random: Random): Tone[] {
  const tones: Tone[] = []
  for (let order = 1; order <= 12; order++)
    tones.push({
      hz: order * shaftHz,
      gain: (0.3 / order) * (0.8 + 0.4 * random.next()),
      phase: random.next()
    })
  for (let order = 1; order <= 3; order++)
    tones.push({ hz: 17 * order * shaftHz, gain: 0.12 / order, phase: random.next() })
  return tones
}
