import { z } from 'zod'

// zod compiles object parsers with `new Function`, which the page's Content-Security-Policy forbids. This must run
// before the first schema is built, so main.ts imports it before anything else.
z.config({ jitless: true })
