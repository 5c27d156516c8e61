/** Where control sockets are. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of root's sockets. */
const SYSTEM_FOLDER = '/run/ipop'

/** Facts about the process and its configuration that decide the path. */
export interface ControlPathFacts {
  readonly isRoot: boolean
  /** $XDG_RUNTIME_DIR. */
  readonly runtimeFolder?: string | undefined
  readonly configFile: string
  /** Name of the device, or of the configuration for a node without one. */
  readonly name: string
}

/** Returns the default path of a node's control socket. */
export function defaultControlPath({
  isRoot,
  runtimeFolder,
  configFile,
  name,
}: ControlPathFacts): string {
  if (isRoot) return join(SYSTEM_FOLDER, `${name}.sock`)
  if (runtimeFolder !== undefined && runtimeFolder !== '')
    return join(runtimeFolder, 'ipop', `${name}.sock`)
  return join(dirname(configFile), `${name}.sock`)
}

/** Returns the control sockets that a tool finds without being told. */
export function findControlPaths(runtimeFolder: string | undefined, workFolder: string): string[] {
  const folders = [
    SYSTEM_FOLDER,
    ...(runtimeFolder ? [join(runtimeFolder, 'ipop')] : []),
    workFolder,
  ]
  return folders.flatMap((folder) => {
    try {
      const names = readdirSync(folder, { withFileTypes: true })
      return names
        .filter((entry) => entry.isSocket() && entry.name.endsWith('.sock'))
        .map((entry) => join(folder, entry.name))
    } catch {
      return []
    }
  })
}
