/** 0.975 quantile of the standard normal distribution: half the width of a 95 % interval, in deviations. */
export const normal95 = 1.959963985
