import type { Rule } from 'eslint'

export declare const docCommentRule: Rule.RuleModule
