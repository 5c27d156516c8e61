/** Rule: every format on the wire has fixed vectors and a page. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles, type Repository, type Workspace } from '../repository.ts'
import type { SourceFile } from '../source-file.ts'
import type { Violation } from '../violation.ts'

/** Finds files below src/wire without vectors or without a page in docs/wire, and pages that the index does not name. */
export function checkWire(repository: Repository): Violation[] {
  const pages = listFiles(repository.root, 'docs/wire', /\.md$/)
  const formats = repository.workspaces.flatMap((workspace) =>
    workspace.sources
      .filter(({ path }) => path.startsWith(`${workspace.folder}/src/wire/`))
      .filter(isFormat)
      .flatMap((source) => [
        ...checkVectors(repository, workspace, source),
        ...checkPage(repository, pages, workspace, source),
      ]),
  )
  return [...formats, ...checkIndex(repository, pages)]
}

/** Returns whether a file turns values into bytes or back; others hold constants or helpers. */
function isFormat(source: SourceFile): boolean {
  return /^export (async )?function (encode|decode|write|read|parse)/m.test(source.text)
}

/** Vectors are a JSON file of the same name, or a test in test/vectors that imports the format. */
function checkVectors(
  repository: Repository,
  workspace: Workspace,
  source: SourceFile,
): Violation[] {
  const name = baseName(source.path)
  const files = listFiles(repository.root, `${workspace.folder}/test/vectors`, /\.(json|test\.ts)$/)
  const hasVectors = files.some(
    (file) => file.endsWith(`/${name}.json`) || read(repository, file).includes(`wire/${name}.ts`),
  )
  if (hasVectors) return []
  const message = `add vectors: ${workspace.folder}/test/vectors/${name}.json`
  return [{ rule: 'wire', file: source.path, line: 1, subject: 'vectors', message }]
}

/** The page has the same name, or names the file (its path, or package and `wire/name.ts`), or is named by the file. */
function checkPage(
  repository: Repository,
  pages: readonly string[],
  workspace: Workspace,
  source: SourceFile,
): Violation[] {
  const name = baseName(source.path)
  const isDescribed = pages.some((page) => {
    if (page === `docs/wire/${name}.md` || source.text.includes(page)) return true
    const text = read(repository, page)
    const isNamed = text.includes(`wire/${name}.ts`) && text.includes(workspace.name)
    return isNamed || text.includes(source.path)
  })
  if (isDescribed) return []
  const message = `describe it in docs/wire/${name}.md, or name ${source.path} in a page`
  return [{ rule: 'wire', file: source.path, line: 1, subject: 'page', message }]
}

function checkIndex(repository: Repository, pages: readonly string[]): Violation[] {
  const index = 'docs/wire/README.md'
  const text = pages.includes(index) ? read(repository, index) : ''
  return pages
    .filter((page) => page !== index && !text.includes(`(${page.replace('docs/wire/', '')})`))
    .map((page) => {
      const message = `link to the page from ${index}`
      return { rule: 'wire', file: page, line: 1, subject: 'index', message }
    })
}

function baseName(path: string): string {
  return path.replace(/^.*\//, '').replace(/\.ts$/, '')
}

function read(repository: Repository, path: string): string {
  return readFileSync(join(repository.root, path), 'utf8')
}
