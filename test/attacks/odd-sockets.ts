// Programs whose sockets ask for another interface, source or route; none of it needs a capability.

const ways = {
  'TCP bound to the wire': ['INET', 'STREAM', 7, "device(s, b'eth0')"],
  'TCP over IPv6 bound to the wire': ['INET6', 'STREAM', 7, "device(s, b'eth0')"],
  'a DNS question bound to the wire': ['INET', 'DGRAM', 53, "device(s, b'eth0')"],
  'a DNS question over IPv6 bound to the wire': ['INET6', 'DGRAM', 53, "device(s, b'eth0')"],
  'TCP with its interface named': ['INET', 'STREAM', 7, "s.setsockopt(0, 50, struct.pack('!I', eth0))"],
  'a DNS question with its interface named': ['INET', 'DGRAM', 53, "s.setsockopt(0, 50, struct.pack('!I', eth0))"],
  'TCP with a source that is not the pod’s': ['INET6', 'STREAM', 7, 'claim(s)'],
  'a DNS question with a source that is not the pod’s': ['INET6', 'DGRAM', 53, 'claim(s)'],
} as const;

export type OddWay = keyof typeof ways;
export const oddWays = Object.keys(ways) as readonly OddWay[];

/** Sends four bytes to `v4` or `v6`; `claimed` is the source address of the ways that name one. */
export function tryOddSockets(way: OddWay, v4: string, v6: string, claimed: string): readonly string[] {
  const [family, kind, port, prepare] = ways[way];
  return [
    'python3',
    '-c',
    `
import socket, struct
eth0 = socket.if_nametoindex('eth0')
def device(s, name): s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
def claim(s):
  s.setsockopt(41, 78, 1) # IPV6_FREEBIND
  s.bind(('${claimed}', 0))
s = socket.socket(socket.AF_${family}, socket.SOCK_${kind})
s.settimeout(1.5)
${prepare}
try:
  s.connect(('${family === 'INET' ? v4 : v6}', ${port}))
  s.send(b'leak')
  print('tried: sent')
except OSError as error:
  print('tried:', error)
`,
  ];
}
