/** A UDP socket on loopback, spoken to over standard input and output: lines of "port hex". Runs inside a namespace. */
import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'

const socket = createSocket('udp4')
socket.on('message', (bytes, from) => console.log(`${from.port} ${bytes.toString('hex')}`))
socket.bind(0, '127.0.0.1', () => console.log(`bound ${socket.address().port}`))
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [port, hex] = line.split(' ')
    socket.send(Buffer.from(hex, 'hex'), Number(port), '127.0.0.1')
  })
  .on('close', () => process.exit(0))
