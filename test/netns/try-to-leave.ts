import type { Pod } from './pod.ts';
import type { PodUser } from './pod-user.ts';

/** Where the attempts go; documentation addresses that nothing else in a test uses. */
export const attemptTargets = ['198.51.100.77', '2001:db8::77'] as const;

/** Tries every protocol a process without privilege can send, over both families; says which attempts the kernel took. */
const script = `
import json, socket, sys
taken = []
def attempt(name, family, kind, protocol, address, port, data):
    try:
        s = socket.socket(family, kind, protocol)
        s.settimeout(1)
        s.connect((address, port))
        s.send(data)
        s.recv(100)
        taken.append(name + ' answered')
    except OSError as error:
        pass
query = b'\\x12\\x34\\x01\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4leak\\4test\\0\\0\\1\\0\\1'
for address in sys.argv[1:]:
    v6 = ':' in address
    family = socket.AF_INET6 if v6 else socket.AF_INET
    echo = bytes((128 if v6 else 8, 0, 0, 0, 0, 1, 0, 1))
    tag = ' v6' if v6 else ' v4'
    attempt('tcp' + tag, family, socket.SOCK_STREAM, 6, address, 7, b'hello')
    attempt('udp' + tag, family, socket.SOCK_DGRAM, 17, address, 4000, b'hello')
    attempt('udplite' + tag, family, socket.SOCK_DGRAM, 136, address, 4001, b'hello')
    attempt('icmp' + tag, family, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP, address, 0, echo)
    attempt('dns' + tag, family, socket.SOCK_DGRAM, 17, address, 53, query)
print(json.dumps(taken))
`;

/** The attempts that were answered by somebody. */
export async function tryToLeave(pod: Pod, user: PodUser): Promise<readonly string[]> {
  const { stdout, stderr } = await pod.run(['python3', '-c', script, ...attemptTargets], { user, timeoutMs: 30_000 });
  if (stdout === '') throw new Error(`the attempts did not run: ${stderr}`);
  return JSON.parse(stdout) as readonly string[];
}
