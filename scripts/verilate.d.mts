export const rtlFolder: string
export function rtlSources(): string[]
export function verilate(options: { xbb: boolean }): string | null
