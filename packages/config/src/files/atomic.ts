/** Replaces or creates a file in one step, so that a crash leaves the old content or the new one. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { systemCode } from '../errors.ts'

/** Who owns a file and who may use it. */
export interface FileOwnership {
  readonly mode: number
  /** Owner; absent = this process. */
  readonly uid?: number
  readonly gid?: number
}

/** Replaces `file` with `bytes`. Throws the system's error and leaves the old file when it cannot. */
export function replaceFile(file: string, bytes: Uint8Array, ownership: FileOwnership): void {
  const temporary = writeTemporary(file, bytes, ownership)
  try {
    renameSync(temporary, file)
  } catch (error) {
    unlinkSync(temporary)
    throw error
  }
  syncFolder(dirname(file))
}

/** Creates `file` with `bytes`; returns false when there is one already. */
export function createFile(file: string, bytes: Uint8Array, ownership: FileOwnership): boolean {
  const temporary = writeTemporary(file, bytes, ownership)
  try {
    // link() fails when the name is taken, which rename() would not.
    linkSync(temporary, file)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(temporary)
  }
  syncFolder(dirname(file))
  return true
}

function writeTemporary(file: string, bytes: Uint8Array, ownership: FileOwnership): string {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`)
  const descriptor = openFresh(temporary)
  try {
    fchmodSync(descriptor, ownership.mode & 0o7777)
    if (ownership.uid !== undefined && ownership.gid !== undefined)
      keepOwner(descriptor, ownership.uid, ownership.gid)
    for (let sent = 0; sent < bytes.length;) sent += writeSync(descriptor, bytes, sent)
    fsyncSync(descriptor)
  } catch (error) {
    closeSync(descriptor)
    unlinkSync(temporary)
    throw error
  }
  closeSync(descriptor)
  return temporary
}

function openFresh(temporary: string): number {
  try {
    return openSync(temporary, 'wx', 0o600)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
    // Left behind by a process of the same number that was killed.
    unlinkSync(temporary)
    return openSync(temporary, 'wx', 0o600)
  }
}

function keepOwner(descriptor: number, uid: number, gid: number): void {
  if (uid === process.getuid?.() && gid === process.getgid?.()) return
  try {
    fchownSync(descriptor, uid, gid)
  } catch (error) {
    // Without privileges the new file belongs to this user, who was allowed to write the old one.
    if (systemCode(error) !== 'EPERM') throw error
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } catch {
    // Some file systems cannot sync a folder; the rename has happened all the same.
  } finally {
    closeSync(descriptor)
  }
}
