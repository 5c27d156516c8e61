/** Runs iperf3 between the two nodes of a laboratory. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { LabNode } from './two-nodes.ts'

/** Whether the program is installed. */
export const hasIperf = canRun('iperf3')
if (!hasIperf) console.warn('TCP and UDP streams are skipped: `iperf3` is missing (package iperf3)')

/** How one measurement differs from the next. */
export interface IperfOptions {
  /** Address of the server, as the client names it. */
  readonly to?: string
  /** Further arguments of the client. */
  readonly words?: readonly string[]
}

/**
 * Returns the client's report in JSON, the server's output beside it where `words` ask for it. Rejects with iperf3's own words
 * when it fails. The server has ended by then: while it lives it keeps the port, and would send the next client away.
 */
export async function iperf<T>(
  client: LabNode,
  server: LabNode,
  { to = '10.9.0.2', words = [] }: IperfOptions = {},
): Promise<T> {
  const daemon = server.background('iperf3', '-s', '-1', '-J')
  const ended = once(daemon, 'exit')
  try {
    await listening(server)
    const output = await client.run('iperf3', '-J', ...words, '-c', to)
    const report = JSON.parse(output) as T & { error?: string }
    if (report.error !== undefined) throw new Error(`iperf3 to ${to}: ${report.error}`)
    return report
  } finally {
    daemon.kill()
    await ended
  }
}

async function listening(server: LabNode): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await server.run('ss', '-Hltn', 'sport = :5201')) !== '') return
    await pause(50)
  }
  throw new Error('iperf3 -s does not listen after 5 s')
}

function canRun(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
