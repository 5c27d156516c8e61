/** Rule: a file holds one idea, a function fits on a screen. */
import { walk, type SourceFile, type SyntaxNode } from '../source-file.ts'
import type { Violation } from '../violation.ts'

/** Lines of a file: past this there is a second idea inside. */
export const FILE_LINES_MAX = 300

/** Lines of a function: past this it does not fit on a screen. */
export const FUNCTION_LINES_MAX = 40

const FUNCTIONS =
  /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|ClassMethod|PrivateMethod|Constructor|MethodProperty|GetterProperty|SetterProperty)$/

/** Finds files and functions that are too long. */
export function checkSizes(sources: readonly SourceFile[]): Violation[] {
  return sources.flatMap((source) => [...checkFile(source), ...checkFunctions(source)])
}

function checkFile(source: SourceFile): Violation[] {
  if (source.lineCount <= FILE_LINES_MAX) return []
  const message = `${source.lineCount} lines; look for the second idea inside`
  return [{ rule: 'size', file: source.path, line: 1, subject: 'file', message }]
}

function checkFunctions(source: SourceFile): Violation[] {
  const found: Violation[] = []
  walk(source.module, (node, parent) => {
    if (!FUNCTIONS.test(node.type)) return
    const line = source.lineAt(node.span.start)
    const length = source.lineAt(node.span.end) - line + 1
    if (length <= FUNCTION_LINES_MAX) return
    const message = `${length} lines; keep the decisions and extract the leaf work`
    const subject = nameOf(node, parent)
    found.push({ rule: 'size', file: source.path, line, subject, message })
  })
  return found
}

/** Returns what a function is called: its own name, or that of the variable or member that holds it. */
function nameOf(node: SyntaxNode, parent: SyntaxNode | undefined): string {
  if (node.type === 'Constructor') return 'constructor'
  for (const holder of [node, parent]) {
    const id = (holder?.['identifier'] ?? holder?.['key'] ?? holder?.['id']) as
      SyntaxNode | undefined
    const name = id?.['value'] ?? (id?.['id'] as SyntaxNode | undefined)?.['value']
    if (typeof name === 'string') return name
  }
  return 'anonymous'
}
