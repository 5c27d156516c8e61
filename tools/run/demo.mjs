/** The tutorial, end to end: Pam's sixteen nodes, Alice and Bob with static addresses, Carol with a lease. */
import { Lab } from '../lab/namespaces.mjs'
import {
  app,
  configure,
  consistentCrawl,
  ping,
  startNode,
  startPam,
  TUTORIAL,
  until,
  virtualAddress,
} from '../lab/tutorial.mjs'
import { ensure } from './ensure.mjs'

const say = (text) => console.log(`\n== ${text}`)

ensure({ native: true, dist: true })
const reason = Lab.unavailable()
if (reason) {
  console.log(`The tutorial's virtual interfaces are skipped: ${reason}.`)
  console.log(
    'Run it as root on Linux for the whole of it. What follows is the ring alone, on loopback.',
  )
  const { loopbackDemo } = await import('./demo-loopback.mjs')
  await loopbackDemo()
} else {
  await tutorial()
}

async function tutorial() {
  const lab = new Lab()
  try {
    say('Namespaces pam, alice, bob and carol on one bridge')
    lab.up(TUTORIAL.hosts)
    await startMachines(lab)
    showPings(lab)
    await showCrawl(lab)
    showBget(lab)
    say('Done: everything is taken down')
  } catch (error) {
    process.exitCode = 1
    console.error(`\nThe demo failed: ${error.message}`)
    for (const [host, name] of [
      ['pam', 'bootstrap'],
      ['alice', 'ipop-node'],
      ['bob', 'ipop-node'],
      ['carol', 'ipop-node'],
    ])
      console.error(
        `--- last lines of ${host}:\n${lab.log(host, name).split('\n').slice(-15).join('\n')}`,
      )
  } finally {
    lab.down()
  }
}

async function startMachines(lab) {
  const { namespace, pamAddress, port, nodes } = TUTORIAL
  say(
    `pam$ bootstrap_demo_prepare.sh ${namespace} ${pamAddress} ${port} && run_bootstrap_node.sh ./bootstrap.config`,
  )
  startPam(lab)
  await consistentCrawl(lab, 'pam', nodes)
  console.log(`${nodes} nodes on UDP port ${port}`)
  for (const host of ['alice', 'bob', 'carol']) {
    say(`${host}$ ipop-node -n node.config -i ipop.config -d dhcp.config`)
    configure(lab, host)
    startNode(lab, host)
    console.log(
      `virtual address ${await until(`${host}'s virtual address`, () => virtualAddress(lab, host))}`,
    )
  }
}

function showPings(lab) {
  const { alice, bob } = TUTORIAL.virtual
  const carol = virtualAddress(lab, 'carol')
  for (const [host, address] of [
    ['alice', bob],
    ['bob', alice],
    ['alice', carol],
    ['carol', bob],
    ['bob', carol],
    ['carol', alice],
  ]) {
    say(`${host}$ ping ${address}`)
    const first = ping(lab, host, address, { count: 1 })
    console.log(first.stdout.trimEnd())
    const rest = ping(lab, host, address)
    console.log(rest.stdout.trimEnd())
    if (rest.lossPercent !== 0)
      throw new Error(`${rest.lossPercent} % of the pings from ${host} to ${address} were lost`)
  }
}

async function showCrawl(lab) {
  say('alice$ crawl')
  const { stdout } = await consistentCrawl(lab, 'alice', TUTORIAL.nodes + 3)
  console.log(stdout.trimEnd())
}

function showBget(lab) {
  const { namespace, virtual } = TUTORIAL
  for (const host of ['alice', 'bob']) {
    const key = `dhcp:${namespace}:${virtual[host]}`
    say(`alice$ bget ${key}`)
    const { stdout, stderr } = lab.run('alice', [...app('crawler', 'bget'), key])
    console.log(stdout.trimEnd())
    const own = /<NodeAddress>(.*)<\/NodeAddress>/.exec(
      lab.run(host, ['cat', 'node.config']).stdout,
    )?.[1]
    if (stdout.trim() !== own)
      throw new Error(`expected ${host}'s node address ${own}, got: ${stdout}${stderr}`)
  }
}
