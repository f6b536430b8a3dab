export type Stamps = Readonly<Record<string, string>>
export function stampsOf(root: string): Stamps
export function changedSince(earlier: Stamps, stamps: Stamps): string[]
export function readPassed(file: string, key: string): Stamps
export function keepPassed(file: string, key: string, stamps: Stamps | null): void
