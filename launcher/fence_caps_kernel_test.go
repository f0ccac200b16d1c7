package main

import (
	"errors"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

func TestN40CapturedConnectionsAreCapped(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		sh(t, "sysctl -qw net.core.somaxconn=20000 net.ipv4.tcp_max_syn_backlog=20000 net.ipv4.tcp_syncookies=0")
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 20000, Max: 20000}); err != nil {
			t.Fatal(err)
		}
		mustInstallFence(t)
		defer unix.Close(listenAs(t, SidecarUID, TransparentPort))
		listing, err := listFence()
		if err != nil {
			t.Fatal(err)
		}
		connected := 0
		asFileSystemUser(AgentUID, func() {
			for ; connected < heldBySidecar; connected++ {
				if err := connectOnce(unix.AF_INET, outsideAddress, 1000+connected, 0); err != nil {
					t.Errorf("connection %d of a client that leaves its port to the kernel: %v", connected, err)
					return
				}
			}
			for bucket := range bucketCount {
				more, err := fillBucket(bucket, maxFlowsOfBucket, func(port int) error {
					return connectOnce(unix.AF_INET, outsideAddress, 443, port)
				})
				connected += more
				if err != unix.ECONNREFUSED {
					t.Errorf("bucket %d: %d more, then %v; want a refusal", bucket, more, err)
				}
			}
		})
		if want := bucketCount * maxFlowsOfBucket; connected != want {
			t.Errorf("%d connections in all, want %d", connected, want)
		}
		asFileSystemUser(AgentUID, func() {
			if err := connectOnce(unix.AF_INET6, outsideAddress6, 443, 0); err != unix.ECONNREFUSED {
				t.Errorf("one more over IPv6: %v; want a refusal", err)
			}
		})
		if now, err := listFence(); err != nil || now != listing {
			t.Errorf("full buckets read as another fence (%v):\n%s", err, now)
		}
		asFileSystemUser(0, func() {
			if err := connectOnce(unix.AF_INET, outsideAddress, 443, 0); err != nil {
				t.Errorf("the sidecar container's own check is capped with the agent: %v", err)
			}
		})
	})
}

func TestN40LookupsAreCappedAndOneBucketIsNotAnother(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		mustInstallFence(t)
		asFileSystemUser(AgentUID, func() {
			ask := func(port int) error { return askOnce(unix.AF_INET, "8.8.8.8", port) }
			asked, err := fillBucket(7, 2*maxLookupsOfBucket, func(port int) error {
				if port < portsBegin+bucketMask { // the first are IPv6's
					return askOnce(unix.AF_INET6, "2001:4860:4860::8888", port)
				}
				return ask(port)
			})
			if asked != maxLookupsOfBucket || err != unix.EPERM {
				t.Errorf("%d exchanges, then %v; want %d and a refusal", asked, err, maxLookupsOfBucket)
			}
			if other, err := fillBucket(8, maxLookupsOfBucket, ask); other != maxLookupsOfBucket {
				t.Errorf("%d exchanges in another bucket, then %v; want %d", other, err, maxLookupsOfBucket)
			}
		})
	})
}

// heldBySidecar is maxConnections of proxy-sidecar/listen/start-transparent-listener.ts.
const heldBySidecar = 6144

// portsBegin is a multiple of what comes before the same bucket again; up to the first that the kernel picks by itself there are
// 496 ports of each.
const (
	portsBegin = 1024
	portsEnd   = 32768
)

// fillBucket opens from one port after another of a bucket until that fails, or limit of them are open.
func fillBucket(bucket, limit int, open func(port int) error) (opened int, err error) {
	for port := portsBegin; port < portsEnd; port++ {
		if port&bucketMask != bucket<<1 || port == TransparentPort || port == DNSPort || port == HealthPort {
			continue
		}
		if err := open(port); err != nil {
			return opened, err
		}
		if opened++; opened > limit {
			break
		}
	}
	return opened, nil
}

// connectOnce leaves the connection open: the namespaces' end is its own.
func connectOnce(family int, host string, port, fromPort int) error {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if fromPort != 0 {
		if err := unix.Bind(fd, anyAddress(family, fromPort)); err != nil {
			return errors.Join(errors.New("bind"), err)
		}
	}
	return unix.Connect(fd, sockaddr(family, net.ParseIP(host), port))
}

func askOnce(family int, server string, fromPort int) error {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, anyAddress(family, fromPort)); err != nil {
		return errors.Join(errors.New("bind"), err)
	}
	return unix.Sendto(fd, make([]byte, 12), 0, sockaddr(family, net.ParseIP(server), 53))
}

func anyAddress(family, port int) unix.Sockaddr {
	if family == unix.AF_INET6 {
		return &unix.SockaddrInet6{Port: port}
	}
	return &unix.SockaddrInet4{Port: port}
}
