package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

var errSocketGone = errors.New("gone")

const (
	sockDiagByFamily = 20
	inetDiagReqSize  = 56
	inetDiagMsgSize  = 72
)

// socketInode asks the kernel (sock_diag, one exact look-up) which socket of this network namespace has these two ends.
func socketInode(protocol uint8, local, remote netip.AddrPort) (inode uint32, err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, diagRequest(protocol, local, remote), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, err
	}
	answer := make([]byte, 8192)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return 0, err
	}
	return parseDiagAnswer(answer[:n])
}

// diagRequest is nlmsghdr + inet_diag_req_v2 (linux/inet_diag.h).
func diagRequest(protocol uint8, local, remote netip.AddrPort) []byte {
	b := make([]byte, unix.NLMSG_HDRLEN+inetDiagReqSize)
	binary.NativeEndian.PutUint32(b[0:], uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST)
	req := b[unix.NLMSG_HDRLEN:]
	if protocol == unix.IPPROTO_UDP {
		local, remote = remote, local // udp_diag looks up as for a packet that arrives: "swapped for historical reasons"
	}
	req[0] = unix.AF_INET
	if local.Addr().Is6() {
		req[0] = unix.AF_INET6
	}
	req[1] = protocol
	binary.NativeEndian.PutUint32(req[4:], 0xffffffff) // all states
	binary.BigEndian.PutUint16(req[8:], local.Port())
	binary.BigEndian.PutUint16(req[10:], remote.Port())
	copy(req[12:28], local.Addr().AsSlice())
	copy(req[28:44], remote.Addr().AsSlice())
	binary.NativeEndian.PutUint32(req[48:], 0xffffffff) // no cookie
	binary.NativeEndian.PutUint32(req[52:], 0xffffffff)
	return b
}

func parseDiagAnswer(b []byte) (uint32, error) {
	if len(b) < unix.NLMSG_HDRLEN {
		return 0, errors.New("short netlink answer")
	}
	header := (*unix.NlMsghdr)(unsafe.Pointer(&b[0]))
	body := b[unix.NLMSG_HDRLEN:]
	if header.Type == unix.NLMSG_ERROR && len(body) >= 4 {
		errno := unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
		if errno == unix.ENOENT {
			return 0, errSocketGone
		}
		return 0, fmt.Errorf("sock_diag: %w", errno)
	}
	if len(body) < inetDiagMsgSize {
		return 0, fmt.Errorf("sock_diag answered %d bytes", len(body))
	}
	inode := binary.NativeEndian.Uint32(body[68:])
	if inode == 0 {
		return 0, errSocketGone // closed by its process, the kernel still holds the connection
	}
	return inode, nil
}
