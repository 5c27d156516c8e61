/** Eight machines of which three in ten pairs cannot talk: all reach each other all the same. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BrokenMesh, compareSettled } from '../../tools/lab/broken-pairs.mjs'
import { Lab } from '../../tools/lab/namespaces.mjs'

const reason = Lab.unavailable()
if (reason) console.warn(`The test of broken pairs is skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('a mesh of which some pairs cannot talk', () => {
  let lab: Lab
  let mesh: BrokenMesh

  beforeAll(async () => {
    lab = new Lab({ prefix: 'bp-' })
    mesh = new BrokenMesh(lab, { nodes: 8, share: 0.3, seed: 1 })
    await mesh.start()
  }, 60_000)

  afterAll(() => lab.down(), 30_000)

  it('lets every pair ping', async () => {
    expect(mesh.broken.length).toBe(8)
    expect(await mesh.unanswered()).toEqual([])
  }, 150_000)

  it('is one ring, whose crawl counts the edges that are there', async () => {
    expect(await compareSettled(mesh)).toEqual([])
  }, 150_000)

  it('goes on when a relay is killed', async () => {
    const pair = mesh.broken.find(({ a, b, kind }) => {
      const relay = kind === 'all' ? mesh.relayOf(a, b) : undefined
      return relay !== undefined && relay !== 'm1'
    })
    if (pair === undefined) throw new Error('no pair is relayed by another machine than m1')
    const ping = mesh.pingSteadily(pair.a, pair.b)
    await mesh.kill(String(mesh.relayOf(pair.a, pair.b)))
    await new Promise((resolve) => setTimeout(resolve, 15_000))
    const { replies } = await ping.stop()
    // Replies stop for some seconds at most; how long exactly depends on the machine.
    expect(replies).toBeGreaterThan(50)
  }, 60_000)
})
