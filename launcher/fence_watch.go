package main

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// nfnlgrpNftables: the kernel announces every change of any nftables ruleset of this network namespace here.
const nfnlgrpNftables = 7

// watchFence calls check after every change of the ruleset, until the context ends. One blocking read costs nothing.
func watchFence(ctx context.Context, check func()) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (nfnlgrpNftables - 1)}); err != nil {
		unix.Close(fd)
		return fmt.Errorf("netlink group nftables: %w", err)
	}
	go func() {
		defer unix.Close(fd)
		buffer := make([]byte, 64<<10)
		for ctx.Err() == nil {
			poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			if ready, _ := unix.Poll(poll, 1000); ready == 0 {
				continue
			}
			// ENOBUFS means that announcements were lost: a change as well.
			_, _, _ = unix.Recvfrom(fd, buffer, unix.MSG_DONTWAIT)
			check()
		}
	}()
	return nil
}
