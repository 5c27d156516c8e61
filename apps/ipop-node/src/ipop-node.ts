/** Joins a ring and carries IP packets between virtual interfaces. */
import { Command, Option } from 'commander'
import { runCommand } from '@ipop/node/tools'

interface Options {
  readonly nodeConfig: string
  readonly ipopConfig?: string
  readonly dhcpConfig?: string
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly json: boolean
}

const program = new Command('ipop-node')
  .description('Join a ring; with an IpopConfig, carry IP packets over it.')
  .requiredOption('-n, --NodeConfig <file>', 'how to join the ring')
  .option('-i, --IpopConfig <file>', 'the virtual network to take part in')
  .option(
    '-d, --DhcpConfig <file>',
    'addresses of the virtual network; without it they come from the DHT',
  )
  .addOption(
    new Option('--log-level <level>', 'least important events to log on standard error')
      .choices(['trace', 'debug', 'info', 'warn', 'error'])
      .default('warn'),
  )
  .option('--json', 'print facts and events as JSON lines', false)
  .exitOverride()
  .action(() => start(options()))

/** The options have the original's capitals; commander keeps them in its names. */
function options(): Options {
  const given = program.opts<
    Record<string, string | undefined> & { logLevel: Options['logLevel']; json: boolean }
  >()
  return {
    nodeConfig: given['NodeConfig'] ?? '',
    ...(given['IpopConfig'] === undefined ? {} : { ipopConfig: given['IpopConfig'] }),
    ...(given['DhcpConfig'] === undefined ? {} : { dhcpConfig: given['DhcpConfig'] }),
    logLevel: given.logLevel,
    json: given.json,
  }
}

async function start({
  nodeConfig,
  ipopConfig,
  dhcpConfig,
  logLevel,
  json,
}: Options): Promise<void> {
  const [
    { readFiles },
    { readTestSettings },
    { FactPrinter, runNode, startNode },
    { createConsoleLog, createNodeRuntime },
  ] = await Promise.all([
    import('./read-files.ts'),
    import('./test-settings.ts'),
    import('@ipop/node'),
    import('@ipop/runtime/node'),
  ])
  const { warnings, ...files } = readFiles({ nodeConfig, ipopConfig, dhcpConfig })
  for (const warning of warnings) process.stderr.write(`warning: ${String(warning)}\n`)
  const runtime = createNodeRuntime({ log: createConsoleLog(logLevel, process.stderr, json) })
  const node = await startNode({ ...files, ...readTestSettings(process.env) }, runtime)
  await runNode(node, new FactPrinter({ isJson: json }))
}

await runCommand('ipop-node', () => program.parseAsync())
process.exit()
