/**
 * Names of the two IPC channels of the Electron host. A file of its own because a sandboxed preload can require nothing
 * but electron: what it imports must not pull in zod.
 */
export const ipcChannels = { call: 'bitbench:call', event: 'bitbench:event' } as const
