/** Presets of names as a person reads them. */
export const presetChoices = [
  { value: 'vlm', text: 'Vision-language' },
  { value: 'vidur', text: 'Vidur operators' },
  { value: 'generic', text: '{knobs, stages}' }
] as const

/** Models, the default first. */
export const models = [
  { value: 'physical', text: 'Physical, boosted' },
  { value: 'polynomial', text: 'Polynomial' },
  { value: 'linear', text: 'Linear' },
  { value: 'mlp', text: 'Network (MLP)' },
  { value: 'gaussianProcess', text: 'Gaussian process' }
] as const

/** Paths from a line of text, split at commas. */
export function pathsOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
