import { additiveSettings } from '../loss/lossModel'
import { modelGuided } from './auto'

/** As the default (auto.ts), but without terms for pairs of widths. */
export const additiveGpStrategy = modelGuided(additiveSettings)
