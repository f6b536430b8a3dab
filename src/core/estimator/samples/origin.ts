/** Where a number comes from: a device, a model of one, or a generator with a known truth. */
export const origins = ['measured', 'estimated', 'simulated'] as const
export type Origin = (typeof origins)[number]
