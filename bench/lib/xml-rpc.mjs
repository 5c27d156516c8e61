/** The few XML-RPC calls that benchmarks make, by hand, so that they cost next to nothing. */
import http from 'node:http'

const agent = new http.Agent({ keepAlive: true })

/** Calls a method; parameters are strings, integers or `{ base64 }`. Returns the reply's text; rejects on a fault. */
export function call(port, path, method, params = []) {
  const values = params.map((param) => `<param><value>${encode(param)}</value></param>`).join('')
  const body = `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${values}</params></methodCall>`
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) }
    const request = http.request(
      { host: '127.0.0.1', port, path, method: 'POST', headers, agent },
      (response) => {
        const chunks = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (text.includes('<fault>')) reject(new Error(text))
          else resolve(text)
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** Returns the strings in a reply. */
export function strings(text) {
  return [...text.matchAll(/<string>([^<]*)<\/string>|<value>([^<]+)<\/value>/g)].map(
    (match) => match[1] ?? match[2],
  )
}

/** Returns the members of a struct of strings. */
export function members(text) {
  const found = text.matchAll(/<name>([^<]*)<\/name>\s*<value>(?:<string>)?([^<]*)/g)
  return Object.fromEntries([...found].map((match) => [match[1], match[2]]))
}

function encode(param) {
  if (typeof param === 'number') return `<int>${param}</int>`
  if (typeof param === 'object') return `<base64>${param.base64}</base64>`
  return `<string>${param.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</string>`
}
