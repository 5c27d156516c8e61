/** Types of the lab for tests in TypeScript. */
import type { ChildProcess } from 'node:child_process'

export interface LabProcess extends ChildProcess {
  exited: Promise<{ code: number | null; signal: string | null }>
}

export interface LabRunOptions {
  cwd?: string
  timeoutMs?: number
  input?: string
}

export class Lab {
  static unavailable(): string | undefined
  readonly directory: string
  constructor(options?: { prefix?: string })
  up(hosts: Record<string, string>, options?: { mtu?: number }): void
  namespace(host: string): string
  home(host: string): string
  spawn(
    host: string,
    command: string[],
    options?: { cwd?: string; env?: Record<string, string>; name?: string },
  ): LabProcess
  run(
    host: string,
    command: string[],
    options?: LabRunOptions,
  ): { status: number; stdout: string; stderr: string }
  log(host: string, name: string): string
  stop(
    child: LabProcess,
    signal?: NodeJS.Signals,
  ): Promise<{ code: number | null; signal: string | null }>
  down(): void
}
