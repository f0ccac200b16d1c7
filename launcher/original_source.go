package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// Of linux/netfilter/nfnetlink.h and nfnetlink_conntrack.h.
const (
	conntrackGet  = unix.NFNL_SUBSYS_CTNETLINK<<8 | 1
	ctTupleOrig   = 1
	ctTupleReply  = 2
	ctTupleIP     = 1
	ctTupleProto  = 2
	ctIPv4Source  = 1
	ctIPv4Dest    = 2
	ctIPv6Source  = 3
	ctIPv6Dest    = 4
	ctProtoNumber = 1
	ctProtoSource = 2
	ctProtoDest   = 3
	genMsgSize    = 4
	nlaTypeMask   = 0x3fff
)

// originalSource is the agent's own end of a captured connection, where the proxy sees `local`. Mostly they are the same; but all
// captured connections share one destination after the capture, and where two of the agent's sockets have one port in common,
// which to different servers they may, the kernel gives the later one another port on its way. Only conntrack knows both. Without
// it one program's connection could pass for another's.
func originalSource(protocol uint8, local, remote netip.AddrPort) (netip.AddrPort, error) {
	if protocol != unix.IPPROTO_TCP {
		return local, nil
	}
	answer, err := askConntrack(local)
	if errors.Is(err, unix.ENOENT) {
		return local, nil // nobody captured it
	}
	if err != nil {
		return local, err
	}
	source, destination, err := parseConntrackAnswer(answer)
	if err != nil {
		return local, err
	}
	if destination != remote {
		return local, errSocketGone // another connection by now
	}
	return source, nil
}

func askConntrack(local netip.AddrPort) ([]byte, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, conntrackRequest(local), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	answer := make([]byte, 8192)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return nil, err
	}
	return checkNetlink(answer[:n])
}

// checkNetlink returns what follows the header of one answer.
func checkNetlink(b []byte) ([]byte, error) {
	if len(b) < unix.NLMSG_HDRLEN {
		return nil, errors.New("short netlink answer")
	}
	length, kind := int(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint16(b[4:])
	if length < unix.NLMSG_HDRLEN || length > len(b) {
		return nil, errors.New("netlink answer with a wrong length")
	}
	body := b[unix.NLMSG_HDRLEN:length]
	if kind == unix.NLMSG_ERROR {
		if len(body) < 4 {
			return nil, errors.New("short netlink error")
		}
		return nil, fmt.Errorf("conntrack: %w", unix.Errno(-int32(binary.NativeEndian.Uint32(body))))
	}
	return body, nil
}

// conntrackRequest asks for the connection whose answers go from the capture's port to this address.
func conntrackRequest(local netip.AddrPort) []byte {
	family, sourceKind, destKind, loopback := uint8(unix.AF_INET), uint16(ctIPv4Source), uint16(ctIPv4Dest), netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if local.Addr().Is6() {
		family, sourceKind, destKind, loopback = unix.AF_INET6, ctIPv6Source, ctIPv6Dest, netip.IPv6Loopback()
	}
	addresses := append(attribute(sourceKind, loopback.AsSlice()), attribute(destKind, local.Addr().AsSlice())...)
	ports := slices.Concat(
		attribute(ctProtoNumber, []byte{unix.IPPROTO_TCP}),
		attribute(ctProtoSource, binary.BigEndian.AppendUint16(nil, TransparentPort)),
		attribute(ctProtoDest, binary.BigEndian.AppendUint16(nil, local.Port())),
	)
	tuple := append(nested(ctTupleIP, addresses), nested(ctTupleProto, ports)...)
	body := append([]byte{family, unix.NFNETLINK_V0, 0, 0}, nested(ctTupleReply, tuple)...)
	header := binary.NativeEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(body)))
	header = binary.NativeEndian.AppendUint16(header, conntrackGet)
	header = binary.NativeEndian.AppendUint16(header, unix.NLM_F_REQUEST)
	return slices.Concat(header, make([]byte, 8), body)
}

// parseConntrackAnswer reads the tuple of the connection as the agent opened it.
func parseConntrackAnswer(body []byte) (source, destination netip.AddrPort, err error) {
	malformed := errors.New("conntrack answered without the connection's own ends")
	if len(body) < genMsgSize {
		return source, destination, malformed
	}
	tuple := attributes(attributes(body[genMsgSize:])[ctTupleOrig])
	ip, proto := attributes(tuple[ctTupleIP]), attributes(tuple[ctTupleProto])
	from, ok1 := netip.AddrFromSlice(append(ip[ctIPv4Source], ip[ctIPv6Source]...))
	to, ok2 := netip.AddrFromSlice(append(ip[ctIPv4Dest], ip[ctIPv6Dest]...))
	if !ok1 || !ok2 || len(proto[ctProtoSource]) != 2 || len(proto[ctProtoDest]) != 2 {
		return source, destination, malformed
	}
	port := binary.BigEndian.Uint16
	return netip.AddrPortFrom(from, port(proto[ctProtoSource])), netip.AddrPortFrom(to, port(proto[ctProtoDest])), nil
}

func nested(kind uint16, value []byte) []byte { return attribute(kind|unix.NLA_F_NESTED, value) }

// attribute is one nlattr, padded to four bytes.
func attribute(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofNlAttr+len(value)))
	b = append(binary.NativeEndian.AppendUint16(b, kind), value...)
	return append(b, make([]byte, -len(b)&3)...)
}

// attributes reads a run of nlattr by kind, as far as it is well formed.
func attributes(b []byte) map[uint16][]byte {
	found := map[uint16][]byte{}
	for len(b) >= unix.SizeofNlAttr {
		length := int(binary.NativeEndian.Uint16(b))
		if length < unix.SizeofNlAttr || length > len(b) {
			break
		}
		found[binary.NativeEndian.Uint16(b[2:])&nlaTypeMask] = slices.Clip(b[unix.SizeofNlAttr:length])
		b = b[min(length+(-length&3), len(b)):]
	}
	return found
}
