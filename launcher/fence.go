package main

import "fmt"

const (
	fenceTable = "creel"
	// At each new flow the kernel walks the list of those it counts with it (0.5 ms for 5000): so they are counted in buckets, by
	// bits 1 to 6 of the source port. Not by bit 0: connect() of Linux prefers ports of one parity.
	bucketMask  = 0x7e
	bucketCount = 64
	// maxFlowsOfBucket bounds the connections that a pod may have open at once: 10 240 in all, of which ports as the kernel picks
	// them reach the 6144 that the sidecar holds with six sigma to spare.
	maxFlowsOfBucket = 160
	// maxLookupsOfBucket bounds its DNS exchanges, 20 480 in all and 15 000 at any ports. The kernel remembers each for 30 s, so that
	// this is also 500 a second for half a minute.
	maxLookupsOfBucket = 320
	// The kernel takes buckets away once they are empty, and counts them among the set's for a while after.
	bucketPlaces = 1024
)

// renderFence is the whole packet fence of a pod as one nft transaction. The order of the rules is security:
//
//   - The mark is set and accepted for the sidecar's uid first. It is accepted for ownerless packets (the tail and FIN of a
//     closed socket) only after every packet with another owner has been rejected: otherwise an agent that binds the port
//     of a sidecar connection which the server has reset would inherit its conntrack entry, mark included, for 10 s.
//   - New captured connections are capped, so that one pod cannot fill the node's conntrack table; whatever cannot be counted is
//     refused. uid 0 is exempt: that is the sidecar container's own wait-ready and verify, and an agent that fills its cap must
//     not make the kubelet think it dead. An agent that picks its ports itself fills its own buckets.
//   - What belongs to a captured connection stays on loopback, both ways. A socket bound to another interface would carry the
//     redirected packet out there, payload included, and the answer to a source address that is not the pod's (both need no
//     right) would go to that address. Only the last hook sees the interface that rerouting chose.
//   - RSTs from the sidecar's ports pass on loopback so that a connect to a dead sidecar, or one over the cap, fails at once.
//     Ownerless packets from there pass where they belong to a connection: the last acknowledgements of the sidecar's closed
//     sockets (TIME_WAIT), without which the agent's sockets would send their FIN for minutes, and a new connection that the
//     capture gives the same two ports would get no answer for as long. Nothing else does, so that nobody who squats on those
//     ports is heard; no SYN either: where the kernel answers with SYN cookies a squatter's SYN-ACK has no owner, and without
//     it there is no connection to belong to.
func renderFence() string {
	ports := fmt.Sprintf("{ %d, %d, %d }", TransparentPort, HealthPort, DNSPort)
	return fmt.Sprintf(`table inet %[1]s {}
delete table inet %[1]s
table inet %[1]s {
  set flows {
    type inet_service
    size %[8]d
    flags dynamic
  }
  set lookups {
    type inet_service
    size %[8]d
    flags dynamic
  }
  chain nat_out {
    type nat hook output priority -100; policy accept;
    meta skuid %[2]d accept
    udp dport 53 redirect to :%[4]d
    tcp dport 53 redirect to :%[4]d
    oifname "lo" accept
    meta l4proto 6 redirect to :%[3]d
  }
  chain out {
    type filter hook output priority filter; policy drop;
    ct state invalid counter drop
    meta skuid %[2]d ct mark set %#[6]x accept
    oifname "lo" tcp sport %[7]s tcp flags & rst == rst accept
    tcp sport %[7]s meta skuid >= 0 counter drop
    oifname "lo" tcp sport %[7]s tcp flags ! syn ct state established ct direction reply accept
    tcp sport %[7]s counter drop
    udp sport %[4]d counter drop
    ct status dnat tcp dport { %[3]d, %[4]d } ct state new meta skuid != 0 add @flows { tcp sport & %[9]d ct count %[10]d } accept
    ct status dnat meta l4proto 6 ct state new meta skuid != 0 counter reject with tcp reset
    ct status dnat udp dport %[4]d ct state new meta skuid != 0 add @lookups { udp sport & %[9]d ct count %[11]d } accept
    ct status dnat meta l4proto 17 ct state new meta skuid != 0 counter reject
    ct status dnat tcp dport { %[3]d, %[4]d } accept
    ct status dnat udp dport %[4]d accept
    oifname "lo" tcp dport %[7]s counter reject with tcp reset
    oifname "lo" udp dport %[4]d counter reject
    oifname "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    meta skuid >= 0 meta l4proto 6 counter reject with tcp reset
    meta skuid >= 0 counter reject
    ct mark %#[6]x ct state established,related accept
    counter comment "default drop"
  }
  chain post {
    type filter hook postrouting priority filter; policy accept;
    oifname != "lo" ct status dnat counter drop
  }
  chain in {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport %[5]d accept
  }
}
`, fenceTable, SidecarUID, TransparentPort, DNSPort, HealthPort, SidecarMark, ports,
		bucketPlaces, bucketMask, maxFlowsOfBucket, maxLookupsOfBucket)
}
