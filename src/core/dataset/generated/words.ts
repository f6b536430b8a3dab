import type { Random } from '../../math/random'

/** The keywords of MLPerf Tiny, with silence and unknown words, in the order of the labels. */
export const wordNames = [
  'down',
  'go',
  'left',
  'no',
  'off',
  'on',
  'right',
  'stop',
  'up',
  'yes',
  'silence',
  'unknown'
] as const

const rateHz = 16_000
const samplesPerWord = 16_000

/** A sound of speech: first three formants in Hz at its beginning and end, source, loudness, seconds. */
interface Phone {
  readonly from: readonly number[]
  readonly to: readonly number[]
  readonly source: 'voice' | 'noise' | 'burst'
  readonly gain: number
  readonly seconds: number
}

const voiced = (from: readonly number[], to = from, seconds = 0.13, gain = 1): Phone => ({
  from,
  to,
  source: 'voice',
  gain,
  seconds
})
const noisy = (formants: readonly number[], gain: number, seconds = 0.12): Phone => ({
  from: formants,
  to: formants,
  source: 'noise',
  gain,
  seconds
})
const burst = (formants: readonly number[]): Phone => ({
  from: formants,
  to: formants,
  source: 'burst',
  gain: 0.8,
  seconds: 0.09
})

/** Formants of American English (Peterson and Barney 1952 for vowels); rough values for consonants. */
const phones: Readonly<Record<string, Phone>> = {
  aw: voiced([730, 1090, 2440], [350, 870, 2240], 0.2),
  oh: voiced([570, 840, 2410], [350, 800, 2300], 0.2),
  o: voiced([570, 840, 2410]),
  e: voiced([530, 1840, 2480]),
  i: voiced([270, 2290, 3010]),
  u: voiced([300, 870, 2240]),
  a: voiced([640, 1190, 2390]),
  ai: voiced([730, 1090, 2440], [300, 2100, 2900], 0.2),
  r: voiced([310, 1060, 1380], undefined, 0.07, 0.7),
  l: voiced([380, 880, 2575], undefined, 0.07, 0.7),
  y: voiced([270, 2290, 3010], [450, 1900, 2500], 0.07, 0.8),
  n: voiced([250, 1400, 2600], undefined, 0.1, 0.4),
  m: voiced([250, 1000, 2200], undefined, 0.1, 0.4),
  s: noisy([3600, 5000, 6500], 0.5),
  f: noisy([1500, 4500, 7000], 0.12),
  sh: noisy([2300, 2900, 5000], 0.5),
  t: burst([3200, 4000, 6000]),
  p: burst([700, 1200, 2500]),
  d: burst([1800, 2800, 4500]),
  g: burst([1500, 2000, 3500])
}

const spellings: readonly (readonly string[])[] = [
  ['d', 'aw', 'n'],
  ['g', 'oh'],
  ['l', 'e', 'f', 't'],
  ['n', 'oh'],
  ['o', 'f'],
  ['o', 'n'],
  ['r', 'ai', 't'],
  ['s', 't', 'o', 'p'],
  ['a', 'p'],
  ['y', 'e', 's']
]

/**
 * One second of 16 kHz sound: the word of a label as a formant synthesizer says it, by a random speaker (pitch, length
 * of the vocal tract, speed), with noise. It is made, not recorded: real speech is harder.
 */
export function sayWord(label: number, random: Random): Float32Array {
  const sound = new Float32Array(samplesPerWord)
  const spelling = label < spellings.length ? spellings[label] : label === 11 ? otherWord(random) : []
  const speaker = {
    pitchHz: 85 + 150 * random.next(),
    tract: 0.85 + 0.35 * random.next(),
    slowness: 0.75 + 0.6 * random.next()
  }
  let at = Math.floor((0.05 + 0.2 * random.next()) * rateHz)
  for (const name of spelling) at = say(phones[name], speaker, at, sound, random)
  const loudest = sound.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3)
  const noise = 10 ** (-0.4 - 1.4 * random.next())
  const colour = 0.9 * random.next()
  let last = 0
  for (let index = 0; index < sound.length; index++) {
    last = colour * last + (1 - colour) * random.normal()
    sound[index] = sound[index] / loudest + noise * 0.5 * last
  }
  return sound
}

/** Two to four phones that are no keyword. */
function otherWord(random: Random): readonly string[] {
  const names = Object.keys(phones)
  for (;;) {
    const word = Array.from({ length: 2 + random.integer(3) }, () => names[random.integer(names.length)])
    if (!spellings.some((keyword) => keyword.join() === word.join())) return word
  }
}

/** Adds a phone at a sample and returns where the next one begins. */
function say(
  { from, to, source, gain, seconds }: Phone,
  speaker: { pitchHz: number; tract: number; slowness: number },
  start: number,
  sound: Float32Array,
  random: Random
): number {
  const length = Math.floor(seconds * speaker.slowness * (0.85 + 0.3 * random.next()) * rateHz)
  // A stop: its closure is silent, its burst short.
  const silent = source === 'burst' ? Math.floor(0.6 * length) : 0
  const off = from.map(() => speaker.tract * (0.95 + 0.1 * random.next()))
  const state = from.map(() => [0, 0])
  let phase = random.next()
  for (let index = silent; index < length && start + index < sound.length; index++) {
    const share = index / length
    phase += (speaker.pitchHz * (1.1 - 0.25 * share)) / rateHz
    const isPulse = phase >= 1
    if (isPulse) phase -= 1
    const excitation = source === 'voice' ? (isPulse ? 8 : 0) + 0.05 * random.normal() : random.normal()
    let value = 0
    for (const [formant, memory] of state.entries()) {
      const hz = Math.min(7500, (from[formant] + (to[formant] - from[formant]) * share) * off[formant])
      const radius = Math.exp((-Math.PI * (60 + hz * 0.06)) / rateHz)
      const next =
        excitation * (1 - radius) +
        2 * radius * Math.cos((2 * Math.PI * hz) / rateHz) * memory[0] -
        radius * radius * memory[1]
      memory[1] = memory[0]
      memory[0] = next
      value += next / (1 + formant)
    }
    const edge = Math.min(1, (index - silent) / 160, (length - index) / 160)
    sound[start + index] += gain * edge * value
  }
  return start + length
}
