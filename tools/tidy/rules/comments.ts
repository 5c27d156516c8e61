/** Rules: files open with what they are for, and what a package exports is documented. */
import { dirname, posix } from 'node:path'
import { commentText, nodesOf, type SourceFile, type SyntaxNode } from '../source-file.ts'
import type { Repository, Workspace } from '../repository.ts'
import type { Violation } from '../violation.ts'

/** Files this short (a shebang and an import, one line of configuration) need no introduction. */
const SELF_EVIDENT_LINES = 3

/** Finds files that do not open with a doc comment whose first sentence says what they are for. */
export function checkOpenings(sources: readonly { path: string; text: string }[]): Violation[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    if (lines.length <= SELF_EVIDENT_LINES) return []
    const comment = /^(?:#!.*\n)?\/\*\*[\s\S]*?\*\//.exec(text)?.[0].replace(/^#!.*\n/, '')
    const words = comment === undefined ? '' : commentText(comment)
    if (/^\S[\s\S]{10,}?[.:](\s|$)/.test(words)) return []
    const message = 'open the file with one sentence in a doc comment: what it is for'
    return [{ rule: 'opening', file: path, line: 1, subject: 'opening', message }]
  })
}

/** Finds exports of package indexes that have no doc comment. */
export function checkDocumentation(repository: Repository): Violation[] {
  return repository.workspaces.flatMap((workspace) => {
    const files = new Map(workspace.sources.map((source) => [source.path, source]))
    return entries(workspace).flatMap((entry) =>
      exportsOf(entry, files).flatMap(({ source, node, names }) => {
        if (source.docBefore(node) !== undefined) return []
        const line = source.lineAt(node.span.start)
        const message = 'is exported by the package: say in a doc comment what it is'
        return names.map((subject) => ({
          ...{ rule: 'documentation', file: source.path, line, subject, message },
        }))
      }),
    )
  })
}

/** One exporting statement, and which of its names leave the package. */
interface Exported {
  readonly source: SourceFile
  readonly node: SyntaxNode
  readonly names: readonly string[]
}

/** The public surfaces of a workspace: index files of packages. Apps have none. */
function entries(workspace: Workspace): SourceFile[] {
  const { folder, sources } = workspace
  return sources.filter(
    ({ path }) => path === `${folder}/src/index.ts` || path === `${folder}/src/node/index.ts`,
  )
}

/** Follows re-exports from `source` to the declarations behind them; `wanted` limits the names. */
function exportsOf(
  source: SourceFile,
  files: ReadonlyMap<string, SourceFile>,
  wanted?: readonly string[],
): Exported[] {
  return source.statements.flatMap((node) => {
    if (node.type === 'ExportDeclaration') {
      const names = declaredNames(node).filter((name) => wanted?.includes(name) ?? true)
      return names.length > 0 ? [{ source, node, names }] : []
    }
    const target = reExported(source, node, files)
    if (target === undefined) return []
    if (node.type === 'ExportAllDeclaration') return exportsOf(target, files, wanted)
    return exportsOf(target, files, specifierNames(node, wanted))
  })
}

function reExported(
  source: SourceFile,
  node: SyntaxNode,
  files: ReadonlyMap<string, SourceFile>,
): SourceFile | undefined {
  if (!/^Export(All|Named)Declaration$/.test(node.type)) return undefined
  const specifier = (node['source'] as { value?: string } | null)?.value
  if (specifier === undefined || !specifier.startsWith('.')) return undefined
  return files.get(posix.join(dirname(source.path), specifier))
}

/** Returns the names that a re-export takes from the other module, as that module spells them. */
function specifierNames(node: SyntaxNode, wanted: readonly string[] | undefined): string[] {
  return nodesOf(node['specifiers']).flatMap((specifier) => {
    const original = (specifier['orig'] as { value: string } | undefined)?.value
    const outside = (specifier['exported'] as { value: string } | null | undefined)?.value
    if (original === undefined) return []
    return (wanted?.includes(outside ?? original) ?? true) ? [original] : []
  })
}

/** Returns the names that an `export` statement declares. */
function declaredNames(node: SyntaxNode): string[] {
  const declaration = node['declaration'] as SyntaxNode
  const declarators = nodesOf(declaration['declarations'])
  const named = declarators.length > 0 ? declarators : [declaration]
  return named.flatMap((one) => {
    const id = (one['identifier'] ?? one['id']) as { value?: string } | undefined
    return id?.value === undefined ? [] : [id.value]
  })
}
