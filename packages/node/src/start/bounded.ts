/** Waits for work that must not take longer than a moment. */
import type { Clock, Log, Timers } from '@ipop/runtime'
import { messageOf } from '../errors.ts'

/** Runs `work` and resolves when it is done, has failed, or `timeoutMs` are over. */
export function bounded(
  { clock, timers, log }: { readonly clock: Clock; readonly timers: Timers; readonly log: Log },
  what: string,
  timeoutMs: number,
  work: () => Promise<unknown>,
): Promise<void> {
  return new Promise((resolve) => {
    const timer = timers.at(clock.now() + timeoutMs, `give up: ${what}`, () => {
      log.write('warn', 'gave up waiting', { what, timeoutMs })
      resolve()
    })
    const done = () => {
      timer.cancel()
      resolve()
    }
    work().then(done, (error: unknown) => {
      log.write('warn', 'failed while stopping', { what, error: messageOf(error) })
      done()
    })
  })
}
