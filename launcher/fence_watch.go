package main

import (
	"context"
	"fmt"
	"time"

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

// fenceKeeper puts the fence back when somebody has touched it, and remembers that it did.
type fenceKeeper struct {
	listing string
	report  func(fenceEvent)
	log     func(message string)
}

const reinstallRetry = 200 * time.Millisecond

func (k *fenceKeeper) check() {
	current, err := listFence()
	if err == nil && current == k.listing {
		return
	}
	k.log("the fence was changed by somebody else; installing it again")
	for attempt := range 25 {
		listing, err := installFence()
		if err == nil {
			k.listing = listing
			k.report(fenceEvent{"fence", "Reinstalled", "somebody else had changed the fence of this pod"})
			return
		}
		if attempt == 0 {
			k.report(fenceEvent{"fence", "Broken", err.Error()})
		}
		time.Sleep(reinstallRetry)
	}
}
