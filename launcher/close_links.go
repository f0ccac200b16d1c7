package main

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// closeLinks takes every interface of this network namespace down but loopback.
func closeLinks() error {
	links, err := net.Interfaces()
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var failures []error
	for _, link := range links {
		if link.Flags&net.FlagLoopback != 0 {
			continue
		}
		if err := closeLink(fd, link.Name); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", link.Name, err))
		}
	}
	return errors.Join(failures...)
}

func closeLink(fd int, name string) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() &^ unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}
