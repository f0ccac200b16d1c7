package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// outsideWorld is a network namespace in which the pod's default route ends and which owns every address, so that whatever
// escapes arrives there and is counted.
type outsideWorld struct {
	calls chan func()
	// frames counts what came over the wire but markers, ARP and neighbour discovery.
	frames  atomic.Int64
	markers atomic.Int64
}

const (
	podAddress      = "10.99.0.2"
	gatewayAddress  = "10.99.0.1"
	gatewayAddress6 = "fd99::1"
	// markerPort is nobody's, and no case sends there.
	markerPort = 4999
	// outsideAddress is somewhere on the internet.
	outsideAddress  = "198.51.100.7"
	outsideAddress6 = "2001:db8:99::7"
)

// startPod gives this process's network namespace what a pod has: loopback, eth0, default routes to an outside world.
func startPod(t *testing.T) *outsideWorld {
	t.Helper()
	o := &outsideWorld{calls: make(chan func())}
	ready := make(chan int)
	go func() {
		runtime.LockOSThread() // for good: this thread lives in the other namespace
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			panic(err)
		}
		ready <- unix.Gettid()
		for call := range o.calls {
			call()
		}
	}()
	thread := <-ready
	sh(t, "ip link set lo up", "ip link add eth0 type veth peer name out0", fmt.Sprintf("ip link set out0 netns %d", thread))
	o.do(func() {
		sh(t, "ip link set lo up", "ip addr add "+gatewayAddress+"/24 dev out0", "ip addr add "+gatewayAddress6+"/64 dev out0 nodad", "ip link set out0 up",
			"ip route add local 0.0.0.0/0 dev lo", "ip -6 route add local ::/0 dev lo", "ip route add "+podAddress+" dev out0")
	})
	sh(t, "ip addr add "+podAddress+"/24 dev eth0", "ip addr add fd99::2/64 dev eth0 nodad", "ip link set eth0 up",
		"ip route add default via "+gatewayAddress, "ip -6 route add default via "+gatewayAddress6,
		"sysctl -qw net.ipv4.ping_group_range='0 65535'")
	until(t, "IPv6 on eth0", func() bool { // its own address is routed only when the kernel has noticed that the wire is up
		routes, err := os.ReadFile("/proc/net/ipv6_route")
		return err == nil && strings.Contains(string(routes), "fd990000000000000000000000000002 80")
	})
	o.capture(t)
	return o
}

func (o *outsideWorld) do(f func()) {
	done := make(chan struct{})
	o.calls <- func() { defer close(done); f() }
	<-done
}

func (o *outsideWorld) listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	var listener net.Listener
	var err error
	o.do(func() { listener, err = net.Listen(network, address) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

func (o *outsideWorld) dial(address string, timeout time.Duration) (conn net.Conn, err error) {
	o.do(func() { conn, err = net.DialTimeout("tcp", address, timeout) })
	return conn, err
}

// capture counts frames as they arrive on the far side of the pod's wire.
func (o *outsideWorld) capture(t *testing.T) {
	t.Helper()
	var fd int
	var err error
	o.do(func() {
		const everything = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, everything); err != nil {
			return
		}
		var link *net.Interface
		if link, err = net.InterfaceByName("out0"); err == nil {
			err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: everything, Ifindex: link.Index})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		frame := make([]byte, 65536)
		for {
			n, from, err := unix.Recvfrom(fd, frame, 0)
			if err != nil {
				return
			}
			link, ok := from.(*unix.SockaddrLinklayer)
			switch {
			case !ok || link.Pkttype == unix.PACKET_OUTGOING || housekeeping(frame[:n]):
			case isMarker(frame[:n]):
				o.markers.Add(1)
			default:
				o.frames.Add(1)
			}
		}
	}()
}

// housekeeping is ARP, neighbour and router discovery, and the kernel's multicast reports.
func housekeeping(frame []byte) bool {
	if len(frame) < 14 {
		return true
	}
	switch binary.BigEndian.Uint16(frame[12:]) {
	case unix.ETH_P_ARP:
		return true
	case unix.ETH_P_IPV6:
		if len(frame) < 55 {
			return false
		}
		kind, next := frame[54], frame[20]
		return next == unix.IPPROTO_HOPOPTS || next == unix.IPPROTO_ICMPV6 && kind >= 130 && kind != 128 && kind <= 143
	}
	return false
}

// settled waits until markers that the sidecar's uid sends have arrived: what was sent before has arrived as well. It says how
// many other frames came since `before`. The wire has a queue for each CPU, and each family waits for its own neighbour: a
// marker goes through every one of them.
func (o *outsideWorld) settled(t *testing.T, before int64) int64 {
	t.Helper()
	wanted := o.markers.Load()
	for cpu := range runtime.NumCPU() {
		var err error
		asFileSystemUser(SidecarUID, func() { err = sendMarkers(cpu) })
		if err != nil {
			t.Fatal(err)
		}
		wanted += 2
	}
	until(t, "the markers to arrive", func() bool { return o.markers.Load() >= wanted })
	return o.frames.Load() - before
}

// quiet is how many frames there are once all that was sent while there was no fence has arrived.
func (o *outsideWorld) quiet(t *testing.T) int64 {
	t.Helper()
	o.settled(t, 0)
	return o.frames.Load()
}

func sendMarkers(cpu int) error {
	var only unix.CPUSet
	only.Set(cpu)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		return err
	}
	for family, gateway := range map[int]string{unix.AF_INET: gatewayAddress, unix.AF_INET6: gatewayAddress6} {
		fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.Sendto(fd, []byte("marker"), 0, sockaddr(family, net.ParseIP(gateway), markerPort)); err != nil {
			return err
		}
	}
	return nil
}

// isMarker: UDP to markerPort, in frames without options or extension headers.
func isMarker(frame []byte) bool {
	switch {
	case len(frame) >= 38 && binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_IP:
		return frame[23] == unix.IPPROTO_UDP && binary.BigEndian.Uint16(frame[36:]) == markerPort
	case len(frame) >= 58 && binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_IPV6:
		return frame[20] == unix.IPPROTO_UDP && binary.BigEndian.Uint16(frame[56:]) == markerPort
	}
	return false
}

func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func sh(t *testing.T, commands ...string) {
	t.Helper()
	for _, command := range commands {
		if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
}

func mustInstallFence(t *testing.T) {
	t.Helper()
	if _, err := installFence(); err != nil {
		t.Fatal(err)
	}
}

// programAs is a test program as a process of some uid.
func programAs(uid int, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return cmd
}

// asUID runs a test program and returns what it printed.
func asUID(t *testing.T, uid int, args ...string) string {
	t.Helper()
	cmd := programAs(uid, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("uid %d %v: %v: %s", uid, args, err, out.String())
	}
	return strings.TrimSpace(out.String())
}

// agentDial tries to send something somewhere and prints what became of it: a socket kind, an address, what to send.
func agentDial(args []string) error {
	kinds := map[string]probe{}
	for _, p := range probes {
		kinds[p.name] = p
	}
	kinds["udp"] = probe{"udp", unix.AF_INET, unix.SOCK_DGRAM, 0}
	kinds["tcp"] = probe{"tcp", unix.AF_INET, unix.SOCK_STREAM, 0}
	kinds["raw"] = probe{"raw", unix.AF_INET, unix.SOCK_RAW, 253}
	kinds["MPTCP"] = probe{"MPTCP", unix.AF_INET, unix.SOCK_STREAM, 262}
	kind, ok := kinds[args[0]]
	if !ok {
		return fmt.Errorf("no kind %q", args[0])
	}
	host, portText, err := net.SplitHostPort(args[1])
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return err
	}
	fmt.Println(kind.exchange(net.ParseIP(host), port, args[2]))
	return nil
}

// exchange sends over a socket of this kind; a stream's answer is read as well.
func (p probe) exchange(ip net.IP, port int, text string) string {
	fd, err := unix.Socket(p.family, p.kind|unix.SOCK_CLOEXEC, p.protocol)
	if err != nil {
		return "no socket: " + err.Error()
	}
	defer unix.Close(fd)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Usec: 400_000})
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2})
	to := sockaddr(p.family, ip, port)
	if p.kind != unix.SOCK_STREAM {
		if strings.HasPrefix(p.name, "ICMP") {
			text = string(p.payload())
		}
		if err := unix.Sendto(fd, []byte(text), 0, to); err != nil {
			return err.Error()
		}
		return "sent"
	}
	began := time.Now()
	if err := unix.Connect(fd, to); err != nil {
		return fmt.Sprintf("%v after %d ms", err, time.Since(began).Milliseconds())
	}
	_, _ = unix.Write(fd, []byte(text))
	answer := make([]byte, 256)
	n, err := unix.Read(fd, answer)
	if err != nil {
		return "connected, then " + err.Error()
	}
	return "answered " + string(answer[:n])
}

func sockaddr(family int, ip net.IP, port int) unix.Sockaddr {
	if family == unix.AF_INET6 {
		return &unix.SockaddrInet6{Addr: [16]byte(ip.To16()), Port: port}
	}
	return &unix.SockaddrInet4{Addr: [4]byte(ip.To4()), Port: port}
}

// ignoreTerm makes this process deaf to the polite signal.
func ignoreTerm() { signal.Ignore(syscall.SIGTERM) }

// greet answers every connection with a line.
func greet(listener net.Listener, line string) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go func() {
			defer conn.Close()
			_, _ = io.WriteString(conn, line)
			_, _ = io.Copy(io.Discard, conn)
		}()
	}
}

func mustAddrPort(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	parsed, err := netip.ParseAddrPort(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func mustContain(t *testing.T, what, text, wanted string) {
	t.Helper()
	if !strings.Contains(text, wanted) {
		t.Fatalf("%s: %q does not contain %q", what, text, wanted)
	}
}

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
