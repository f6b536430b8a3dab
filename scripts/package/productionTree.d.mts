export function productionTree(root: string): string[]
