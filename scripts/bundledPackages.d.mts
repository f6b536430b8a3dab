import type { Plugin } from 'vite'

export function packageOfModule(root: string, id: string): string | undefined
export function listBundledPackages(root: string): Plugin
