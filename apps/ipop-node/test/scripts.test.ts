/** The shell scripts around the executables: what they write, what they refuse, and a daemon's life. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { readDhcpConfig, readIpopConfig, readNodeConfig } from '@ipop/config'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SCRIPTS = new URL('../../../scripts/', import.meta.url).pathname
const canZip = [
  ['unzip', '-v'],
  ['python3', '-c', 'import zipfile'],
].every(([program = '', ...args]) => spawnSync(program, args, { stdio: 'ignore' }).status === 0)
const itWithUnzip = canZip ? it : it.skip
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipop-scripts-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('bootstrap_demo_prepare.sh', () => {
  it('writes a configuration that the node accepts', () => {
    expect(run('bootstrap_demo_prepare.sh', ['demo', '10.99.0.1', '40000'])).toMatchObject({
      status: 0,
    })
    expect(readNodeConfig(join(folder, 'bootstrap.config'))).toMatchObject({
      brunetNamespace: 'demo',
      edgeListeners: [{ type: 'udp', port: 40_000 }],
      remoteTas: ['brunet.udp://10.99.0.1:40000'],
      xmlRpcManager: { enabled: true, port: 10_000 },
      warnings: [],
    })
  })

  it('puts an IPv6 address in brackets', () => {
    run('bootstrap_demo_prepare.sh', ['demo', '2001:db8::1', '40000'])
    expect(readNodeConfig(join(folder, 'bootstrap.config')).remoteTas).toEqual([
      'brunet.udp://[2001:db8::1]:40000',
    ])
  })

  it.each([
    [[], 'usage: bootstrap_demo_prepare.sh NAMESPACE IP PORT'],
    [['a<b', '10.0.0.1', '1'], "the namespace 'a<b' may only have"],
    [['demo', 'a/b', '1'], 'neither an IP address nor a host name'],
    [['demo', '10.0.0.1', '70000'], "'70000' is not a port from 1 to 65535"],
    [['demo', '10.0.0.1', 'x'], "'x' is not a port"],
  ])('refuses %j', (args, message) => {
    const { status, stderr } = run('bootstrap_demo_prepare.sh', args)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
    expect(existsSync(join(folder, 'bootstrap.config'))).toBe(false)
  })

  it('does not overwrite a configuration', () => {
    writeFileSync(join(folder, 'bootstrap.config'), 'mine')
    expect(run('bootstrap_demo_prepare.sh', ['demo', '10.0.0.1', '1']).status).toBe(2)
    expect(readFileSync(join(folder, 'bootstrap.config'), 'utf8')).toBe('mine')
  })
})

describe('run_bootstrap_node.sh', () => {
  it('says what is missing', () => {
    expect(run('run_bootstrap_node.sh', []).stderr).toContain(
      'usage: run_bootstrap_node.sh ./bootstrap.config',
    )
    expect(run('run_bootstrap_node.sh', ['./none.config']).stderr).toContain(
      'no such file: ./none.config',
    )
  })
})

describe('groupvpn.sh', () => {
  it('starts, refuses a second start, restarts and stops', () => {
    install('node.config', 'ipop.config')
    try {
      expect(run('groupvpn.sh', ['status']).status).toBe(3)
      const started = run('groupvpn.sh', ['start'])
      expect(started).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^groupvpn\.sh: started \(process \d+\)/),
      })
      expect(run('groupvpn.sh', ['start']).stderr).toMatch(/already running \(process \d+\)/)
      expect(run('groupvpn.sh', ['restart']).status).toBe(0)
    } finally {
      expect(run('groupvpn.sh', ['stop']).stdout).toContain('stopped')
    }
    expect(run('groupvpn.sh', ['stop']).stdout).toContain('not running')
    expect(readFileSync(join(folder, 'var/ipoplog'), 'utf8')).toContain('node address: test')
  }, 30_000)

  it('says what is missing', () => {
    install('node.config')
    expect(run('groupvpn.sh', ['start'])).toMatchObject({
      status: 2,
      stderr: `groupvpn.sh: ${folder}/etc/ipop.config is missing; groupvpn_prepare.sh puts it there\n`,
    })
    expect(run('groupvpn.sh', ['jump']).stderr).toContain(
      'usage: groupvpn.sh start|stop|restart|status',
    )
  })

  it('shows the last words of a daemon that does not start', () => {
    install('node.config', 'ipop.config')
    writeFileSync(join(folder, 'bin/ipop-node'), 'console.error("no port"); process.exit(2)')
    const { status, stderr } = run('groupvpn.sh', ['start'])
    expect(status).toBe(1)
    expect(stderr).toContain('no port')
  })
})

describe('groupvpn_prepare.sh', () => {
  itWithUnzip('unpacks a group, and points the paths to this machine', () => {
    install()
    const zip = makeZip(['node.config', 'ipop.config', 'dhcp.config', 'webcert'])
    const { status, stderr } = run('groupvpn_prepare.sh', [zip])
    // oxlint-disable-next-line jest/no-standalone-expect
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining('has no cacert'),
    })
    // oxlint-disable-next-line jest/no-standalone-expect
    expect(readFileSync(join(folder, 'etc/node.config'), 'utf8')).toBe(
      `<Security><KeyPath>${folder}/etc/private_key</KeyPath></Security>`,
    )
  })

  itWithUnzip('changes nothing when the archive is incomplete', () => {
    install('node.config')
    const { status, stderr } = run('groupvpn_prepare.sh', [makeZip(['node.config', 'ipop.config'])])
    // oxlint-disable-next-line jest/no-standalone-expect
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('has no dhcp.config; nothing was changed'),
    })
    // oxlint-disable-next-line jest/no-standalone-expect
    expect(readFileSync(join(folder, 'etc/node.config'), 'utf8')).toBe('installed')
  })
})

describe('the sample configurations', () => {
  it('are accepted without a warning', () => {
    const path = (name: string) => join(SCRIPTS, 'config', name)
    expect(readNodeConfig(path('node.config')).warnings).toEqual([])
    expect(readNodeConfig(path('bootstrap.config')).warnings).toEqual([])
    expect(readIpopConfig(path('ipop.config')).warnings).toEqual([])
    expect(readDhcpConfig(path('dhcp.config')).warnings).toEqual([])
  })
})

/** Makes an installation whose daemon says that it is up and then waits. */
function install(...configs: string[]): void {
  for (const name of ['bin', 'etc', 'var']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'settings'), `DIR='${folder}'\n`)
  writeFileSync(
    join(folder, 'bin/ipop-node'),
    'console.log("node address: test"); setInterval(() => {}, 1000); process.on("SIGTERM", () => process.exit(0))',
  )
  for (const name of configs) writeFileSync(join(folder, 'etc', name), 'installed')
}

/** Python makes the archive: its zipfile is everywhere, zip is not. */
function makeZip(names: readonly string[]): string {
  const zip = join(folder, 'group.zip')
  for (const name of names) {
    writeFileSync(
      join(folder, name),
      '<Security><KeyPath>C:\\old\\private_key</KeyPath></Security>',
    )
  }
  spawnSync('python3', ['-m', 'zipfile', '-c', zip, ...names], { cwd: folder })
  return zip
}

function run(script: string, args: readonly string[]) {
  const env = { ...process.env, IPOP_VPN_CONFIG: join(folder, 'settings') }
  const { status, stdout, stderr } = spawnSync('sh', [join(SCRIPTS, script), ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
