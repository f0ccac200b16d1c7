package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestN02N04N05N06N07N12N19NothingPassesTheFenceFromAnyUserByAnyProtocol(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		ways := []struct{ kind, to string }{
			{"TCP", outsideAddress + ":80"}, {"UDP", outsideAddress + ":9999"}, {"UDP", outsideAddress + ":443"}, {"ICMP", outsideAddress + ":1"},
			{"UDP-Lite", outsideAddress + ":53"}, {"UDP", "8.8.8.8:53"}, {"TCP", "9.9.9.9:53"}, {"MPTCP", outsideAddress + ":443"},
			{"UDP", "169.254.169.254:80"}, {"TCP", "169.254.169.254:80"},
			{"TCP over IPv6", "[" + outsideAddress6 + "]:80"}, {"UDP over IPv6", "[" + outsideAddress6 + "]:9999"},
			{"ICMPv6", "[" + outsideAddress6 + "]:1"}, {"UDP-Lite over IPv6", "[" + outsideAddress6 + "]:53"},
		}
		for _, uid := range []int{1000, 0, 2000, 65534} {
			for _, way := range ways {
				name := fmt.Sprintf("%s to %s as uid %d", way.kind, way.to, uid)
				sh(t, "nft flush ruleset")
				before := world.frames.Load()
				asUID(t, uid, "agent-dial", way.kind, way.to, "hello")
				if escaped := world.settled(t, before); escaped == 0 {
					t.Errorf("%s: nothing arrived even without a fence, so the case proves nothing", name)
				}
				mustInstallFence(t)
				before = world.frames.Load()
				said := asUID(t, uid, "agent-dial", way.kind, way.to, "hello")
				if escaped := world.settled(t, before); escaped != 0 {
					t.Errorf("%s: %d frames escaped (%s)", name, escaped, said)
				}
			}
			before := world.frames.Load()
			if uid == 0 { // raw sockets are for root; a root process of another container must not get out either
				asUID(t, uid, "agent-dial", "raw", outsideAddress+":1", "hello")
			}
			if escaped := world.settled(t, before); escaped != 0 {
				t.Errorf("a raw socket's %d frames escaped", escaped)
			}
		}
	})
}

// How long a dial is given that must fail, and one that must not, however busy the machine.
const (
	inVain = 500 * time.Millisecond
	inTime = 10 * time.Second
)

func TestNobodyElseAnswersOnTheSidecarsPorts(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		mustInstallFence(t)
		health := fmt.Sprintf("%s:%d", podAddress, HealthPort)

		squatter := listenAs(t, AgentUID, HealthPort)
		if conn, err := world.dial(health, inVain); err == nil {
			conn.Close()
			t.Error("the kubelet would hear a squatter")
		}
		unix.Close(squatter)

		genuine := listenAs(t, SidecarUID, HealthPort)
		conn, err := world.dial(health, inTime)
		if err != nil {
			t.Fatalf("the kubelet does not reach the health port: %v", err)
		}
		conn.Close()
		unix.Close(genuine)

		other := listenAs(t, SidecarUID, 8000)
		defer unix.Close(other)
		if conn, err := world.dial(podAddress+":8000", inVain); err == nil {
			conn.Close()
			t.Error("another port is open from outside")
		}
		sh(t, "nft flush ruleset")
		if conn, err := world.dial(podAddress+":8000", inTime); err != nil {
			t.Errorf("closed without a fence too, so the case proves nothing: %v", err)
		} else {
			conn.Close()
		}
	})
}

func TestN27N31TheAgentReachesItsOwnLoopbackButNotTheSidecarsPorts(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		mustInstallFence(t)
		for _, port := range []int{TransparentPort, DNSPort, HealthPort} {
			listener := listenAs(t, SidecarUID, port)
			for _, address := range []string{"127.0.0.1", "127.0.0.2", podAddress} {
				said := asUID(t, AgentUID, "agent-dial", "TCP", fmt.Sprintf("%s:%d", address, port), "")
				mustContain(t, fmt.Sprintf("direct dial of %s:%d", address, port), said, "refused")
			}
			said := asUID(t, AgentUID, "agent-dial", "TCP over IPv6", fmt.Sprintf("[::1]:%d", port), "")
			mustContain(t, "direct dial over IPv6", said, "refused")
			unix.Close(listener)
		}
		own, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go greet(own, "own")
		mustContain(t, "its own server", asUID(t, AgentUID, "agent-dial", "TCP", own.Addr().String(), ""), "answered own")
	})
}

func TestTheProofFailsWhereTheFenceLeaks(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		mustInstallFence(t)
		if err := proveFence(AgentUID, AgentGID); err != nil {
			t.Errorf("the fence as it is: %v", err)
		}
		for name, leak := range map[string]func(string) string{
			"accepts what it does not name": func(s string) string {
				return strings.Replace(withoutLine(s, "meta skuid >= 0 counter reject"), "output priority filter; policy drop", "output priority filter; policy accept", 1)
			},
			"forgets the agent's uid": func(s string) string {
				return strings.Replace(s, "    oifname \"lo\" accept\n    icmpv6", "    meta skuid 1000 accept\n    oifname \"lo\" accept\n    icmpv6", 1)
			},
			"lets UDP-Lite out": func(s string) string {
				return strings.Replace(s, "    meta skuid >= 0 meta l4proto 6", "    meta l4proto 136 accept\n    meta skuid >= 0 meta l4proto 6", 1)
			},
		} {
			variant := leak(renderFence())
			if variant == renderFence() {
				t.Fatalf("%s: no change", name)
			}
			loadVariant(t, variant)
			if err := proveFence(AgentUID, AgentGID); err == nil {
				t.Errorf("a fence that %s was taken for proven", name)
			}
		}
	})
}
