export function tableText(name: string): string
