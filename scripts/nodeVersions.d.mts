export const promisedNodes: readonly string[]
export function nodeProgram(version: string, withinMs?: number): string | null
