/** Walks the ring from the node on this machine and reports on its health. */
import { Command } from 'commander'
import { runCommand } from '@ipop/node/tools'
import { withManager } from './options.ts'

interface Options {
  readonly port: number
  readonly namespace: string
  readonly debug: boolean
  readonly json: boolean
}

const program = withManager(new Command('crawl'))
  .description('Walk the whole ring and report on its health.')
  .option('--namespace <prefix>', 'start from the node whose namespace begins with this', '')
  .option('--debug', 'print what every node answers', false)
  .action(() => run(program.opts<Options>()))

async function run({ port, namespace, debug, json }: Options): Promise<void> {
  const { consistencyOf, crawl, reportLines, summarize, XmlRpcClient } =
    await import('@ipop/node/tools')
  const { createNodeClock } = await import('@ipop/runtime/node')
  const clock = createNodeClock()
  const start = clock.now()
  const client = await XmlRpcClient.forNamespace(port, namespace)
  const onRecord = (record: unknown) =>
    process.stderr.write(debug ? `${JSON.stringify(record)}\n` : '')
  const records = await crawl((method, params) => client.call(method, params), { onRecord })
  const report = summarize(records)
  const seconds = (clock.now() - start) / 1_000
  if (json) {
    const nodes = [...records.values()].map((each) => ({
      ...each,
      consistency: consistencyOf(each, records),
    }))
    process.stdout.write(`${JSON.stringify({ ...report, seconds, nodes })}\n`)
  } else process.stdout.write(`${reportLines(report, seconds).join('\n')}\n`)
}

await runCommand('crawl', () => program.parseAsync())
