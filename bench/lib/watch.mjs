/** What a measurement cost, and who disturbed it: CPU of daemons, of bystanders, and what the hypervisor took. */
import fs from 'node:fs'

const TICKS_PER_SECOND = 100
const KERNEL_THREADS_PARENT = '2'

/** A time in which something is measured. */
export class Watch {
  #pids
  #ours
  #before

  /** `pids` are the daemons by machine. */
  constructor(pids) {
    this.#pids = pids
    this.#ours = new Set([process.pid, ...Object.values(pids).flat()].map(String))
    this.#before = this.#look()
  }

  /** Leaves a process out of the bystanders. */
  expect(pid) {
    this.#ours.add(String(pid))
  }

  /** Returns CPU seconds of the daemons by machine, and of all the rest the cores it took. */
  stop() {
    const [before, after] = [this.#before, this.#look()]
    const seconds = after.at - before.at
    let others = 0
    for (const [pid, used] of after.processes)
      if (!this.#ours.has(pid)) others += used - (before.processes.get(pid) ?? 0)
    const cpu = Object.fromEntries(
      Object.keys(this.#pids).map((who) => [who, after.daemons[who] - before.daemons[who]]),
    )
    const steal = after.steal - before.steal
    return { cpu, noise: { others: others / seconds, steal: steal / seconds } }
  }

  #look() {
    const processes = new Map()
    for (const pid of fs.readdirSync('/proc')) {
      const found = /^\d+$/.test(pid) ? statOf(pid) : undefined
      if (found && found.parent !== KERNEL_THREADS_PARENT && pid !== KERNEL_THREADS_PARENT)
        processes.set(pid, found.seconds)
    }
    const daemons = Object.fromEntries(
      Object.entries(this.#pids).map(([who, pids]) => [who, total(pids, processes)]),
    )
    const line = fs.readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].split(/\s+/)
    const steal = Number(line[8]) / TICKS_PER_SECOND
    return { at: performance.now() / 1000, processes, daemons, steal }
  }
}

/** Returns the cores that a measurement shared with others. */
export function noiseOf({ noise } = {}) {
  return noise ? noise.others + noise.steal : 0
}

/** Returns resident memory of processes, in megabytes. */
export function residentMb(pids) {
  const kilobytes = pids.map((pid) =>
    Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0),
  )
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024
}

/** Returns CPU seconds that a process has used. */
export function cpuSeconds(pid) {
  return statOf(pid)?.seconds ?? 0
}

function statOf(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
    return { parent: fields[1], seconds }
  } catch {
    // It has ended.
    return undefined
  }
}

function total(pids, processes) {
  return pids.reduce((sum, pid) => sum + (processes.get(String(pid)) ?? 0), 0)
}
