/** What tests change in a node through its environment; nobody else needs it. */
import { NodeError } from '@ipop/node/tools'

/** Seconds after which session keys are replaced, instead of 120; handshakes with a peer stay 5 s apart. */
export const REKEY_VARIABLE = 'IPOP_TEST_REKEY_SECONDS'

/** Returns the settings in `environment`; throws where one cannot be read. */
export function readTestSettings(environment: Readonly<Record<string, string | undefined>>): {
  readonly rekeyAfterMs: number | undefined
} {
  const text = environment[REKEY_VARIABLE]
  if (text === undefined || text === '') return { rekeyAfterMs: undefined }
  const seconds = Number(text)
  if (Number.isFinite(seconds) && seconds > 0) return { rekeyAfterMs: seconds * 1_000 }
  const message = `${REKEY_VARIABLE}: '${text}' is not a positive number`
  throw new NodeError({ code: 'NODE_CONFIG_CONFLICT', message })
}
