/** What benchmarks in namespaces begin and end with: the tutorial's machines. */
import { Lab } from '../../tools/lab/namespaces.mjs'
import { consistentCrawl, startMachines, startPam, TUTORIAL } from '../../tools/lab/tutorial.mjs'

/** Throws where there can be no namespaces. */
export function needNamespaces() {
  const reason = Lab.unavailable()
  if (reason) throw new Error(`this benchmark needs namespaces: ${reason}`)
}

/** Runs `action(lab)` once Pam's nodes and then `machines` are on the ring; takes everything down afterwards. */
export async function inTutorialLab({ prefix, machines }, action) {
  needNamespaces()
  const lab = new Lab({ prefix })
  try {
    lab.up(TUTORIAL.hosts)
    startPam(lab)
    await consistentCrawl(lab, 'pam', TUTORIAL.nodes)
    await startMachines(lab, machines)
    return await action(lab)
  } finally {
    lab.down()
  }
}
