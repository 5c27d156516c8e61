/** Makes sure that only one process runs with a key: the second one is told which process the first is. */
import { closeSync, openSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createHash } from 'node:crypto'
import { codeOf, NodeError } from '../errors.ts'
import { SOCKET_PATH_BYTES_MAX } from '../limits.ts'

/** A lock that is held. */
export interface StateLock {
  /** Gives the lock back. */
  release(): Promise<void>
}

/** The kernel closes a socket with its process, so a lock made of one is never stale; it also answers with the holder's number. */
export async function lockState(keyPath: string): Promise<StateLock> {
  const { folder, name } = placeOf(keyPath)
  try {
    return await listen(folder, `${name}.lock`, keyPath)
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM', 'ENOENT', 'EOPNOTSUPP', 'ENOTSUP'].includes(codeOf(error)))
      throw error
    // The key's folder takes no socket: use the folder for temporary files, named after the key.
    const id = createHash('sha256').update(join(folder, name)).digest('hex').slice(0, 32)
    return listen(tmpdir(), `ipop-${id}.lock`, keyPath)
  }
}

async function listen(folder: string, name: string, keyPath: string): Promise<StateLock> {
  const { httpRequest, openHttpServer } = await import('@ipop/runtime/node')
  const place = shortPath(folder, name)
  try {
    const server = await openHttpServer({ path: place.path, mode: 0o600 }, () =>
      Promise.resolve({
        status: 200,
        headers: {},
        body: new TextEncoder().encode(String(process.pid)),
      }),
    )
    return { release: () => server.close().finally(place.forget) }
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error
    const holder = await httpRequest(
      { path: place.path },
      { path: '/' },
      { timeoutMs: 2_000 },
    ).then(
      (reply) =>
        ` (process ${new TextDecoder().decode(reply.body).replace(/\D/g, '').slice(0, 10)})`,
      () => '',
    )
    throw new NodeError({
      code: 'NODE_ALREADY_RUNNING',
      message: `another node${holder} is running with the key ${keyPath}; stop it first, or give this one its own configuration and key`,
    })
  }
}

function placeOf(keyPath: string): { folder: string; name: string } {
  const real =
    realPath(keyPath) ?? join(realPath(dirname(keyPath)) ?? dirname(keyPath), basename(keyPath))
  return { folder: dirname(real), name: basename(real) }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** A socket's path has a short limit; through an open folder it can stand anywhere. */
function shortPath(folder: string, name: string): { path: string; forget: () => void } {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX || process.platform !== 'linux') {
    return { path, forget: () => undefined }
  }
  const descriptor = openSync(folder, 'r')
  return { path: `/proc/self/fd/${descriptor}/${name}`, forget: () => closeSync(descriptor) }
}
