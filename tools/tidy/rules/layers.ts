/** Rule: a workspace imports only from its left, and says so the same way in three places. */
import { isBuiltin } from 'node:module'
import type { Repository, Workspace } from '../repository.ts'
import type { Violation } from '../violation.ts'

/** Finds imports that layers.json does not allow, and disagreement between layers.json, package.json and tsconfig.json. */
export function checkLayers(repository: Repository): Violation[] {
  const folderByName = new Map(repository.workspaces.map(({ name, folder }) => [name, folder]))
  return repository.workspaces.flatMap((workspace) => {
    const allowed = repository.layers[workspace.name]
    if (allowed === undefined) {
      const message = 'is missing in tools/tidy/layers.json'
      return [violation(workspace, 'package.json', workspace.name, message)]
    }
    return [
      ...checkStatements(workspace, allowed, folderByName),
      ...checkImports(workspace, allowed, folderByName),
    ]
  })
}

/** Compares the dependencies on workspaces that layers.json, package.json and tsconfig.json name. */
function checkStatements(
  workspace: Workspace,
  allowed: readonly string[],
  folderByName: ReadonlyMap<string, string>,
): Violation[] {
  const depended = workspace.dependencies.filter((name) => folderByName.has(name))
  const referred = [...folderByName]
    .filter(([, folder]) => workspace.references.includes(folder))
    .map(([name]) => name)
  return [
    ...missing(depended, allowed).map((name) =>
      violation(workspace, 'package.json', name, 'is a dependency that layers.json does not allow'),
    ),
    ...missing(allowed, depended).map((name) =>
      violation(workspace, 'package.json', name, 'is allowed by layers.json but no dependency'),
    ),
    ...missing(depended, referred).map((name) =>
      violation(workspace, 'tsconfig.json', name, 'is a dependency but no project reference'),
    ),
    ...missing(referred, depended).map((name) =>
      violation(workspace, 'tsconfig.json', name, 'is a project reference but no dependency'),
    ),
  ]
}

function checkImports(
  workspace: Workspace,
  allowed: readonly string[],
  folderByName: ReadonlyMap<string, string>,
): Violation[] {
  return workspace.sources.flatMap((source) =>
    source.references().flatMap(({ specifier, line }) => {
      const name = packageName(specifier)
      if (name === undefined) return []
      const isWorkspace = folderByName.has(name) || name.startsWith('@ipop/')
      const isAllowed = isWorkspace ? allowed.includes(name) : workspace.dependencies.includes(name)
      if (isAllowed) return []
      const where = isWorkspace ? 'layers.json does not allow' : 'package.json does not name'
      const message = `${workspace.name} imports what ${where}`
      return [{ rule: 'layers', file: source.path, line, subject: name, message }]
    }),
  )
}

/** Returns the package that a specifier names, undefined for relative ones and for Node's own modules. */
function packageName(specifier: string): string | undefined {
  if (specifier.startsWith('.') || isBuiltin(specifier)) return undefined
  const [scope = '', name] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}

function missing(names: readonly string[], from: readonly string[]): string[] {
  return names.filter((name) => !from.includes(name))
}

function violation(
  workspace: Workspace,
  file: string,
  subject: string,
  message: string,
): Violation {
  return { rule: 'layers', file: `${workspace.folder}/${file}`, line: 1, subject, message }
}
