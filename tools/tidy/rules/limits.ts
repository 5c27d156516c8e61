/** Rule: caps live in the limits.ts of a package or of one of its concepts, each with its reason. */
import { nodesOf, type SourceFile } from '../source-file.ts'
import type { Repository } from '../repository.ts'
import type { Violation } from '../violation.ts'

/** Finds caps without a reason, and caps outside limits.ts. */
export function checkLimits(repository: Repository): Violation[] {
  return repository.workspaces
    .flatMap((workspace) => workspace.sources)
    .flatMap((source) =>
      /\/src\/([\w-]+\/)?limits\.ts$/.test(source.path)
        ? checkReasons(source)
        : checkStrays(source),
    )
}

/** A reason is a sentence: at least four words, right above the value. */
function checkReasons(source: SourceFile): Violation[] {
  return constants(source)
    .filter(({ reason, isExported }) => isExported && (reason ?? '').split(/\s+/).length < 4)
    .map(({ name, line }) => {
      const message = 'say above it, in a sentence, why it has this value'
      return { rule: 'limits', file: source.path, line, subject: name, message }
    })
}

function checkStrays(source: SourceFile): Violation[] {
  return constants(source)
    .filter(({ name }) => /_MAX(_|$)/.test(name) && /^[A-Z0-9_]+$/.test(name))
    .map(({ name, line }) => {
      const message = 'a cap belongs in limits.ts, with its reason'
      return { rule: 'limits', file: source.path, line, subject: name, message }
    })
}

/** Returns the constants that a file declares at its top level. */
function constants(source: SourceFile) {
  return source.statements.flatMap((node) => {
    const isExported = node.type === 'ExportDeclaration'
    const [declaration] = isExported ? nodesOf(node['declaration']) : [node]
    return nodesOf(declaration?.['declarations']).flatMap((declarator) => {
      const [id] = nodesOf(declarator['id'])
      if (typeof id?.['value'] !== 'string') return []
      const line = source.lineAt(node.span.start)
      return [{ name: id['value'], line, reason: source.docBefore(node), isExported }]
    })
  })
}
