/** The repository as the tidy rules see it: its workspaces and their files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { SourceFile } from './source-file.ts'
import type { Exception } from './violation.ts'

/** One package or app. */
export interface Workspace {
  /** Folder below the repository, e.g. `packages/codec`. */
  readonly folder: string
  readonly name: string
  /** Names in `dependencies` of package.json. */
  readonly dependencies: readonly string[]
  /** Folders below the repository that tsconfig.json refers to. */
  readonly references: readonly string[]
  /** Files below `src`. */
  readonly sources: readonly SourceFile[]
}

/** All that the rules look at. */
export interface Repository {
  readonly root: string
  readonly workspaces: readonly Workspace[]
  /** What each workspace may import, from layers.json. */
  readonly layers: Readonly<Record<string, readonly string[]>>
  /** Accepted violations, from allowed.json. */
  readonly exceptions: readonly Exception[]
}

const SKIPPED = new Set(['node_modules', 'dist', 'types', 'target', '.nx', '.git'])

/** Reads the repository at `root`. */
export function readRepository(root: string): Repository {
  const folders = ['packages', 'apps'].flatMap((group) =>
    listFolders(join(root, group)).map((name) => `${group}/${name}`),
  )
  return {
    root,
    workspaces: folders
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .map((folder) => readWorkspace(root, folder)),
    layers: readJson<{ layers: Record<string, string[]> }>(root, 'tools/tidy/layers.json').layers,
    exceptions: readJson<{ allowed: Exception[] }>(root, 'tools/tidy/allowed.json').allowed,
  }
}

/** Returns the paths, below `root` and with forward slashes, of the files in `folder` whose name matches. */
export function listFiles(root: string, folder: string, pattern: RegExp): string[] {
  const path = join(root, folder)
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => {
      const below = `${folder}/${entry.name}`
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listFiles(root, below, pattern)
      return pattern.test(entry.name) ? [below] : []
    })
    .sort((a, b) => (a < b ? -1 : 1))
}

/** Reads and parses one file. */
export function readSource(root: string, path: string): SourceFile {
  return new SourceFile(path, readFileSync(join(root, path), 'utf8'))
}

function readWorkspace(root: string, folder: string): Workspace {
  const manifest = readJson<{ name: string; dependencies?: object }>(root, `${folder}/package.json`)
  const project = readJson<{ references?: { path: string }[] }>(root, `${folder}/tsconfig.json`)
  return {
    folder,
    name: manifest.name,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    references: (project.references ?? []).map(({ path }) =>
      relative(root, join(root, folder, path))
        .split(sep)
        .join('/'),
    ),
    sources: listFiles(root, `${folder}/src`, /\.ts$/).map((path) => readSource(root, path)),
  }
}

function readJson<T>(root: string, path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T
}

function listFolders(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}
