// Module hook: `import 'electron'` in the built main bundle gives the double beside this file.
const double = new URL('./double.mjs', import.meta.url).href

export async function resolve(specifier, context, next) {
  return specifier === 'electron' ? { url: double, shortCircuit: true } : await next(specifier, context)
}
