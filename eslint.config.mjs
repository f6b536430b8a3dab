import globals from 'globals'
import tseslint from 'typescript-eslint'
import vue from 'eslint-plugin-vue'
import prettier from 'eslint-config-prettier'
import { docCommentRule } from './scripts/docCommentRule.mjs'
import { importRule } from './scripts/importRule.mjs'

const indexAssertion = {
  selector: 'TSNonNullExpression > MemberExpression[computed=true]',
  message: 'No `!` after an index: narrow the value, or read it with .at() and say why it is there.'
}

export default tseslint.config(
  { ignores: ['out/**', 'build/**', 'node_modules/**', 'resources/**', 'test/fixtures/**'] },
  ...tseslint.configs.recommended,
  ...vue.configs['flat/recommended'],
  prettier,
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser }, globals: globals.browser }
  },
  {
    files: ['**/*.{ts,vue}'],
    plugins: { bitbench: { rules: { imports: importRule } } },
    rules: {
      'bitbench/imports': 'error',
      // TypeScript checks undefined names better than ESLint can.
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error'
    }
  },
  {
    files: ['src/**/*.{ts,vue}'],
    plugins: { documented: { rules: { exports: docCommentRule } } },
    rules: { 'documented/exports': 'error' }
  },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        'process',
        'Buffer',
        'window',
        'document',
        'setTimeout',
        'setInterval',
        'performance'
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Pass a seeded Random (src/core/math/random.ts).' },
        { object: 'Date', property: 'now', message: 'Inject the clock.' }
      ]
    }
  },
  {
    // Code lines of a function; longer ones do two things and are cut by role. A loop over instructions and a
    // table of cases are longer, and say so.
    // A store's setup function is the body of what a class would be: it holds the state of one noun and returns its
    // actions, each of which the rule would pass by itself.
    files: ['src/**/*.{ts,vue}', 'scripts/**/*.{ts,mjs}', 'bin/**/*.mjs'],
    ignores: ['src/renderer/stores/**/*.ts'],
    rules: { 'max-lines-per-function': ['error', { max: 74, skipBlankLines: true, skipComments: true }] }
  },
  {
    // No `!` after an index: docs/adr/0002-index-reads.md.
    files: ['src/**/*.{ts,vue}'],
    rules: {
      'no-restricted-syntax': ['error', indexAssertion],
      'vue/no-restricted-syntax': ['error', indexAssertion]
    }
  },
  {
    // No `!` at all where the type has no null or undefined: the same record.
    files: ['src/core/**/*.ts', 'src/shared/**/*.ts'],
    languageOptions: {
      parserOptions: { project: './tsconfig.core.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: { '@typescript-eslint/no-unnecessary-type-assertion': 'error' }
  },
  {
    files: ['scripts/**', 'bin/**', 'test/**', 'bench/**'],
    languageOptions: { globals: globals.node },
    rules: { 'no-console': 'off' }
  }
)
