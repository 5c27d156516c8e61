/** Tells requests of local programs from those that a web page makes a browser send. */

/** Names under which a program reaches the loopback interface. */
const LOCAL_HOSTS = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i

/** Returns why a request is refused, or undefined when a local program may have sent it. */
export function refusalOf(headers: Readonly<Record<string, string>>): string | undefined {
  // Browsers add these whenever a page is behind the request; programs have no reason to.
  for (const name of ['origin', 'referer', 'sec-fetch-site']) {
    if (headers[name] !== undefined) return `requests with the header ${name} are refused`
  }
  // A foreign name that was made to resolve to this machine (DNS rebinding).
  const host = headers['host']
  if (host !== undefined && !LOCAL_HOSTS.test(host))
    return 'the Host header does not name this machine'
  return undefined
}
