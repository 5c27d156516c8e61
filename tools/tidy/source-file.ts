/** A source file as the tidy rules see it: its text, its comments and its syntax tree. */
import { parseSync } from '@swc/core'

/** A node of the syntax tree. Only the fields that every node has are known here. */
export interface SyntaxNode {
  readonly type: string
  /** Where it stands; properties of object literals have none. */
  readonly span: { readonly start: number; readonly end: number }
  readonly [field: string]: unknown
}

/** One import or re-export of another module. */
export interface ModuleReference {
  readonly specifier: string
  /** Imported names as the other module spells them; `*` for all. */
  readonly names: readonly string[]
  readonly isTypeOnly: boolean
  readonly line: number
}

/** A parsed TypeScript or JavaScript file. */
export class SourceFile {
  /** Path below the repository, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly module: SyntaxNode
  readonly #bytes: Buffer
  /** Position, from 1, of the first byte of every line. */
  readonly #lineStarts: readonly number[]

  constructor(path: string, text: string) {
    this.path = path
    this.text = text
    this.#bytes = Buffer.from(text)
    const syntax = /\.ts$/.test(path) ? 'typescript' : 'ecmascript'
    this.#lineStarts = lineStarts(this.#bytes)
    this.module = parseSync(text, { syntax, target: 'es2022' }) as unknown as SyntaxNode
  }

  /** Number of lines, the last line feed not counted. */
  get lineCount(): number {
    return this.text.replace(/\n$/, '').split('\n').length
  }

  /** Returns the line, from 1, of a position of the tree; positions count bytes from 1. */
  lineAt(position: number): number {
    let low = 0
    let high = this.#lineStarts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((this.#lineStarts[middle] ?? 0) <= position) low = middle
      else high = middle
    }
    return low + 1
  }

  /** Returns the text in front of a position of the tree. */
  textBefore(position: number): string {
    return this.#bytes.subarray(0, position - 1).toString()
  }

  /** Returns the doc comment that ends right before a node, undefined when there is none. */
  docBefore(node: SyntaxNode): string | undefined {
    const before = this.textBefore(node.span.start).trimEnd()
    if (!before.endsWith('*/')) return undefined
    const start = before.lastIndexOf('/*')
    // The comment that opens the file is about the file.
    if (
      before
        .slice(0, start)
        .replace(/^#!.*\n/, '')
        .trim() === ''
    )
      return undefined
    const comment = before.slice(start)
    return comment.startsWith('/**') ? commentText(comment) : undefined
  }

  /** Returns the statements of the file. */
  get statements(): readonly SyntaxNode[] {
    return nodesOf(this.module['body'])
  }

  /** Returns every static import, re-export and dynamic import of the file. */
  references(): ModuleReference[] {
    const found: ModuleReference[] = []
    walk(this.module, (node) => {
      const specifier = specifierOf(node)
      if (specifier === undefined) return
      const isTypeOnly = node['typeOnly'] === true
      const line = this.lineAt(node.span.start)
      found.push({ specifier, names: namesOf(node), isTypeOnly, line })
    })
    return found
  }
}

/** Calls `visit` for a node and everything below it, with the chain of nodes above. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined, field: string) => void,
): void {
  descend(node, undefined, '')

  function descend(current: SyntaxNode, parent: SyntaxNode | undefined, field: string): void {
    visit(current, parent, field)
    for (const name in current) {
      const value = current[name]
      if (typeof value !== 'object' || value === null || name === 'span') continue
      for (const child of nodesOf(value)) descend(child, current, name)
    }
  }
}

/** Returns the tree nodes held in a field: one, several, or none; looks through wrappers that are no nodes themselves. */
export function nodesOf(value: unknown): SyntaxNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf)
  if (typeof value !== 'object' || value === null) return []
  if ('type' in value && typeof value.type === 'string') return [value as SyntaxNode]
  return Object.values(value).flatMap(nodesOf)
}

/** Returns the words of a comment without its frame. */
export function commentText(comment: string): string {
  return comment
    .replace(/^\/\*+|\*+\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
    .join('\n')
    .trim()
}

function lineStarts(bytes: Uint8Array): number[] {
  const starts = [1]
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0x0a) starts.push(i + 2)
  return starts
}

function specifierOf(node: SyntaxNode): string | undefined {
  if (/^(Import|ExportAll|ExportNamed)/.test(node.type)) {
    return (node['source'] as { value?: string } | null | undefined)?.value
  }
  if (node.type !== 'CallExpression') return undefined
  const callee = node['callee'] as SyntaxNode
  const [argument] = nodesOf(node['arguments'])
  const isImport = callee.type === 'Import' && argument?.type === 'StringLiteral'
  return isImport ? (argument['value'] as string) : undefined
}

function namesOf(node: SyntaxNode): string[] {
  const specifiers = nodesOf(node['specifiers'])
  if (specifiers.length === 0) return ['*']
  return specifiers.map((specifier) => {
    if (specifier.type === 'ImportDefaultSpecifier') return 'default'
    if (/Namespace/.test(specifier.type)) return '*'
    const name = specifier['imported'] ?? specifier['orig'] ?? specifier['local']
    return (name as { value: string }).value
  })
}
