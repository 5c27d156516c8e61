/** Scenarios that need a network namespace of their own; prints the results of all as JSON. */
import { execFile, execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DeviceError, openDataPlane, openDevice, watchNetwork } from '../../src/index.ts'
import { arpReply, echoReply, hasValidUdpChecksum, isArpRequest, udpPacket } from './packets.ts'

const run = promisify(execFile)
const ip = (...words: string[]): unknown =>
  JSON.parse(execFileSync('ip', ['-j', ...words], { encoding: 'utf8' }))
const exists = (name: string): boolean =>
  readFileSync('/proc/self/net/dev', 'utf8').includes(` ${name}:`)
const threads = (): number => readdirSync('/proc/self/task').length

const scenarios: Record<string, () => Promise<unknown>> = {
  async monitor() {
    let events = 0
    const monitor = watchNetwork(() => (events += 1))
    const pause = () => setTimeout(100)
    const counts: number[] = []
    try {
      const pair = 'link add m0 type veth peer name m1'
      const commands = [pair, 'link set m0 up', 'addr add 10.8.0.1/24 dev m0']
      for (const command of [...commands, 'route add 10.77.0.0/16 dev m0', 'link del m0']) {
        const before = events
        await run('ip', command.split(' '))
        await pause()
        counts.push(events - before)
      }
    } finally {
      monitor.close()
    }
    const atClose = events
    await run('ip', ['link', 'set', 'lo', 'mtu', '60000'])
    await pause()
    return { counts: counts.map((count) => count > 0), isSilent: events === atClose }
  },

  async ping() {
    const device = openDevice({
      name: 't0',
      kind: 'tun',
      addresses: ['10.9.0.1/24', 'fd09::1/64'],
      up: true,
    })
    device.onPackets((packets) =>
      device.write(packets.flatMap((packet) => echoReply(packet) ?? [])),
    )
    const v4 = await run('ping', ['-c', '3', '-i', '0.05', '-s', '1000', '10.9.0.2'])
    const v6 = await run('ping', ['-c', '3', '-i', '0.05', 'fd09::2'])
    await device.close()
    return [v4.stdout, v6.stdout].map((text) => /(\d+) received/.exec(text)?.[1])
  },

  async settings() {
    const device = openDevice({
      name: 't0',
      kind: 'tun',
      mtu: 1300,
      addresses: ['10.9.0.1/24'],
      up: true,
    })
    device.setAddress('fd09::1/64')
    device.setAddress('10.9.1.1/30')
    device.addRoute('10.128.0.0/9')
    device.addRoute('fd0a::5/48')
    device.addRoute('10.77.0.0/16')
    device.removeRoute('10.77.0.0/16')
    device.removeAddress('10.9.1.1/30')
    device.setMtu(1280)
    const result = {
      address: ip('addr', 'show', 't0'),
      routes: ip('route', 'show', 'dev', 't0'),
      routes6: ip('-6', 'route', 'show', 'dev', 't0'),
      mtu: device.mtu,
    }
    await device.close()
    return result
  },

  async down() {
    const device = openDevice({ name: 't0', kind: 'tun', addresses: ['10.9.0.1/24'] })
    const whileDown = device.write([udpPacket('10.9.0.2', '10.9.0.1', 9, 10)])
    device.setUp(true)
    const whileUp = device.write([udpPacket('10.9.0.2', '10.9.0.1', 9, 10)])
    await device.close()
    return { whileDown, whileUp }
  },

  async close() {
    const before = threads()
    const counts: number[] = []
    for (let round = 0; round < 20; round++) {
      const device = openDevice({ name: 't0', kind: 'tun', up: true })
      counts.push(threads())
      await device.close()
      await device.close()
    }
    const device = openDevice({ name: 't0', kind: 'tun' })
    await device.close()
    return {
      leaked: threads() - before,
      present: exists('t0'),
      write: codeOf(() => device.write([new Uint8Array(40)])),
    }
  },

  async gone() {
    const device = openDevice({ name: 't0', kind: 'tun', up: true })
    let isTold = false
    let empty = 0
    device.onPackets((packets) => (empty += packets.filter((packet) => packet.length === 0).length))
    device.onGone(() => (isTold = true))
    execFileSync('ip', ['link', 'del', 't0'])
    for (let turn = 0; turn < 100 && !isTold; turn++) await setTimeout(10)
    const accepted = device.write([udpPacket('10.9.0.2', '10.9.0.1', 9, 10)])
    await device.close()
    return { isTold, empty, accepted }
  },

  async tap() {
    const device = openDevice({
      name: 't0',
      kind: 'tap',
      mtu: 1500,
      addresses: ['10.9.0.1/24'],
      up: true,
    })
    let arpRequests = 0
    device.onPackets((frames) => {
      for (const frame of frames) {
        if (isArpRequest(frame)) {
          arpRequests++
          device.write([arpReply(frame)])
        }
        const reply = echoReply(frame.subarray(14))
        if (reply)
          device.write([
            Buffer.concat([
              frame.subarray(6, 12),
              frame.subarray(0, 6),
              frame.subarray(12, 14),
              reply,
            ]),
          ])
      }
    })
    const { stdout } = await run('ping', ['-c', '2', '-i', '0.05', '10.9.0.2'])
    await device.close()
    return { received: /(\d+) received/.exec(stdout)?.[1], arpRequests, isTap: device.isTap }
  },

  /** 100,000 packets out of the kernel and 100,000 into it. */
  async many() {
    const device = openDevice({ name: 't0', kind: 'tun', addresses: ['10.9.0.1/24'], up: true })
    const total = 100_000
    let fromKernel = 0
    let batches = 0
    device.onPackets((packets) => {
      batches++
      fromKernel += packets.filter((packet) => packet.length === 128).length
    })
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: 4 << 20,
      lookup: (host, _o, done) => done(null, host, 4),
    })
    let intoKernel = 0
    socket.on('message', () => intoKernel++)
    await new Promise<void>((resolve) => socket.bind(7000, '10.9.0.1', resolve))
    for (let sent = 0; sent < total; sent += 100) {
      for (let i = 0; i < 100; i++) socket.send(new Uint8Array(100), 9, '10.9.0.2')
      await caughtUp(() => sent - fromKernel < 100)
    }
    const packet = udpPacket('10.9.0.2', '10.9.0.1', 7000, 100)
    let accepted = 0
    for (let sent = 0; sent < total; sent += 50) {
      accepted += device.write(Array.from({ length: 50 }, () => packet))
      await caughtUp(() => sent - intoKernel < 100)
    }
    await setTimeout(200)
    const dropped = device.droppedPackets
    socket.close()
    await device.close()
    return { fromKernel, accepted, intoKernel, dropped, batches }
  },

  /** Packets wait for their handler, and a flood that nobody takes is dropped and counted. */
  async overflow() {
    const device = openDevice({ name: 't0', kind: 'tun', addresses: ['10.9.0.1/24'], up: true })
    const socket = createSocket('udp4')
    // On a busy machine the kernel loses many before they get to the queue.
    for (let sent = 0; sent < 100_000 && device.droppedPackets <= 1_000; sent += 50) {
      for (let i = 0; i < 50; i++) socket.send(new Uint8Array(1200), 9, '10.9.0.2')
      await setImmediate()
    }
    await setTimeout(100)
    const dropped = device.droppedPackets
    let received = 0
    device.onPackets(
      (packets) => (received += packets.filter((packet) => packet.length === 1228).length),
    )
    await setTimeout(100)
    socket.close()
    await device.close()
    return { received, dropped }
  },

  /** With offload the kernel leaves checksums open and sends in super-packets; nobody above may notice. */
  async offload() {
    const device = openDevice({
      name: 't0',
      kind: 'tun',
      mtu: 1300,
      addresses: ['10.9.0.1/24'],
      offload: true,
      up: true,
    })
    const lengths: number[] = []
    let valid = 0
    device.onPackets((packets) => {
      for (const packet of packets.filter((candidate) => candidate[9] === 17)) {
        lengths.push(packet.length)
        if (hasValidUdpChecksum(packet)) valid++
      }
      device.write(packets.flatMap((packet) => echoReply(packet) ?? []))
    })
    const udp = createSocket('udp4')
    for (const length of [1, 1000, 1272]) udp.send(new Uint8Array(length).fill(7), 9, '10.9.0.2')
    const { stdout } = await run('ping', ['-c', '2', '-i', '0.05', '10.9.0.2'])
    udp.close()
    await device.close()
    return { lengths, valid, received: /(\d+) received/.exec(stdout)?.[1] }
  },

  async idle() {
    const device = openDevice({ name: 't0', kind: 'tun', offload: true, up: true })
    const nothing = () => undefined
    const plane = openDataPlane({
      device,
      handlers: {
        onFrame: nothing,
        onStrayPacket: nothing,
        onConfirmed: nothing,
        onMoved: nothing,
      },
    })
    await plane.bind({ host: '::', port: 0 }, { onDatagram: nothing, onError: nothing })
    await setTimeout(100)
    const before = process.cpuUsage()
    await setTimeout(500)
    const { user, system } = process.cpuUsage(before)
    await plane.close()
    await device.close()
    return { cpuMs: (user + system) / 1000 }
  },

  /** The last one: it gives up its privileges. */
  async refusals() {
    const device = openDevice({ name: 't0', kind: 'tun' })
    const open = (name: string) => () => void openDevice({ name, kind: 'tun' })
    const codes = {
      inUse: codeOf(open('t0')),
      foreign: codeOf(open('lo')),
      address: codeOf(() => device.setAddress('10.0.0.300/24')),
      prefix: codeOf(() => device.setAddress('10.0.0.1/33')),
      mtu: codeOf(() => device.setMtu(100)),
      route: codeOf(() => device.removeRoute('10.55.0.0/16')),
      badAddressRemovesDevice: codeOf(
        () => void openDevice({ name: 't1', kind: 'tun', addresses: ['1.2.3.4.5/8'] }),
      ),
      t1Present: exists('t1'),
    }
    await device.close()
    process.setuid?.(65_534)
    return { ...codes, unprivileged: codeOf(open('t2')) }
  },
}

/** Waits until a window has room: the queues of the kernel hold a few hundred packets and drop the rest. */
async function caughtUp(hasRoom: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !hasRoom(); turn++)
    await (turn < 20 ? setImmediate() : setTimeout(1))
}

function codeOf(action: () => unknown): string {
  try {
    action()
    return 'none'
  } catch (error) {
    return error instanceof DeviceError ? error.code : String(error)
  }
}

/** One process runs them all, each with a fresh interface: starting a process costs more than most scenarios. */
async function runAll(): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {}
  for (const [name, scenario] of Object.entries(scenarios)) {
    results[name] = await scenario().catch((error: unknown) => ({ error: String(error) }))
  }
  return results
}

execFileSync('ip', ['link', 'set', 'lo', 'up'])
process.stdout.write(JSON.stringify(await runAll()))
