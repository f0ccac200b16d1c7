package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTheProxyHasNoCapabilityAndTheGuardOnlyFour(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		g := startGuard(t)
		proxy := g.proxy(t)
		none := "0000000000000000"
		for field, want := range map[string]string{
			"CapInh": none, "CapPrm": none, "CapEff": none, "CapBnd": none, "CapAmb": none,
			"NoNewPrivs": "1", "Seccomp": "2", "Seccomp_filters": "2", "Uid": "1337 1337 1337 1337", "Gid": "1337 1337 1337 1337", "Groups": "",
		} {
			if got := status(t, proxy, field); got != want {
				t.Errorf("proxy %s: %q, want %q", field, got, want)
			}
		}
		four := fmt.Sprintf("%016x", 1<<unix.CAP_NET_ADMIN|1<<unix.CAP_SETUID|1<<unix.CAP_SETGID|1<<unix.CAP_SETPCAP)
		for field, want := range map[string]string{"CapEff": four, "CapBnd": four, "NoNewPrivs": "1", "Seccomp": "2"} {
			if got := status(t, g.cmd.Process.Pid, field); got != want {
				t.Errorf("guard %s: %q, want %q", field, got, want)
			}
		}
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", proxy))
		if err != nil {
			t.Fatal(err)
		}
		mustContain(t, "environment of the proxy", string(environment), "CREEL_SANDBOX=team/one")
		if bytes.Contains(environment, []byte("NODE_OPTIONS")) {
			t.Error("NODE_OPTIONS reached the proxy")
		}
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", proxy))
		if err != nil {
			t.Fatal(err)
		}
		mustContain(t, "limits of the proxy", strings.Join(strings.Fields(string(limits)), " "), "Max core file size 0 0")
	})
}

func TestT12TheSharedVolumeHoldsWhatTheAgentNeedsAndOnlyRootWrites(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		g := startGuard(t)
		for file, mode := range map[string]os.FileMode{
			g.shared: 0o755, g.shared + "/launcher": 0o555, g.shared + "/ca.crt": 0o444, g.shared + "/ca-bundle.crt": 0o444,
			g.private + "/guard": 0o700, g.private + "/guard/ca.key": 0o400,
		} {
			stat, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if stat.Mode().Perm() != mode {
				t.Errorf("%s has mode %o, want %o", file, stat.Mode().Perm(), mode)
			}
		}
		bundle, err := os.ReadFile(g.shared + "/ca-bundle.crt")
		if err != nil {
			t.Fatal(err)
		}
		mustContain(t, "bundle", string(bundle), "# public roots\n# roots of the house\n-----BEGIN CERTIFICATE-----")
		sticky, err := os.Stat(g.private)
		if err != nil || sticky.Mode()&os.ModeSticky == 0 {
			t.Errorf("the proxy could move the guard's files away: %v %v", sticky.Mode(), err)
		}
	})
}

func TestTheGuardServesLeavesAndTheCurrentToken(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		g := startGuard(t)
		if answer := g.ask(t, guardRequest{ID: 1, Op: "token"}); !answer.OK || answer.Token != "first token" {
			t.Errorf("%+v", answer)
		}
		writeFile(t, filepath.Dir(g.shared)+"/token", "rotated\n", 0o600)
		if answer := g.ask(t, guardRequest{ID: 2, Op: "token"}); answer.Token != "rotated" {
			t.Errorf("%+v", answer)
		}
		trusted, err := os.ReadFile(g.shared + "/ca.crt")
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(trusted)
		for _, host := range []string{"api.example.com", "203.0.113.9", "2001:db8::9"} {
			answer := g.ask(t, guardRequest{ID: 3, Op: "leaf", Host: host})
			pair, err := tls.X509KeyPair([]byte(answer.Cert), []byte(answer.Key))
			if err != nil {
				t.Fatalf("%s: %v %+v", host, err, answer)
			}
			if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
				t.Errorf("%s: %v", host, err)
			}
			if pair.Leaf.NotAfter.UnixMilli()-answer.NotAfterMs >= 1000 {
				t.Errorf("%s: notAfterMs %d is not the certificate's", host, answer.NotAfterMs)
			}
		}
		if answer := g.ask(t, guardRequest{ID: 4, Op: "leaf", Host: ""}); answer.OK || answer.Error == "" || answer.ID != 4 {
			t.Errorf("%+v", answer)
		}
		if answer := g.ask(t, guardRequest{ID: 5, Op: "rm"}); answer.OK {
			t.Errorf("%+v", answer)
		}
	})
}

func TestN48AFlushedFenceComesBackAndIsReported(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		g := startGuard(t)
		for _, touch := range []string{
			"nft flush ruleset", "nft delete table inet creel", "nft insert rule inet creel out accept", "nft flush chain inet creel nat_out",
			"nft 'chain inet creel out { policy accept; }'",
		} {
			sh(t, touch)
			until(t, "the fence after: "+touch, func() bool {
				listing, err := listFence()
				return err == nil && checkListing(listing) == nil
			})
		}
		g.awaitAttestation(t, "Reinstalled")
		before := world.quiet(t)
		asUID(t, AgentUID, "agent-dial", "UDP", outsideAddress+":9999", "hello")
		if escaped := world.settled(t, before); escaped != 0 {
			t.Errorf("%d frames escaped", escaped)
		}
		mustContain(t, "log", g.log.String(), `"msg":"the fence was changed by somebody else`)
	})
}

func TestAFenceThatCannotBeKeptCostsThePodItsNetwork(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		folder := t.TempDir()
		writeFile(t, folder+"/nft", "#!/bin/sh\n[ -e "+folder+"/broken ] && exit 1\nPATH="+os.Getenv("PATH")+" exec nft \"$@\"\n", 0o755)
		t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
		g := startGuard(t)
		writeFile(t, folder+"/broken", "", 0o644)
		sh(t, "PATH=${PATH#*:}; nft flush ruleset")
		until(t, "the interface to go down", func() bool {
			link, err := net.InterfaceByName("eth0")
			return err == nil && link.Flags&net.FlagUp == 0
		})
		if err := os.Remove(folder + "/broken"); err != nil {
			t.Fatal(err)
		}
		until(t, "the log to say so", func() bool { return strings.Contains(g.log.String(), "taking the pod's network down") })
	})
}

func TestAKilledProxyIsReplacedAndNothingEscapesMeanwhile(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		g := startGuard(t)
		authority, err := os.ReadFile(g.shared + "/ca.crt")
		if err != nil {
			t.Fatal(err)
		}
		before := world.quiet(t)
		for range 3 {
			killed := g.proxy(t)
			if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			os.Remove(g.folder + "/control.sock")
			asUID(t, AgentUID, "agent-dial", "TCP", outsideAddress+":443", "")
			until(t, "another proxy", func() bool { return uidOf(killed) < 0 })
			g.awaitAttestation(t, "Verified")
		}
		if answer := g.ask(t, guardRequest{ID: 1, Op: "token"}); !answer.OK {
			t.Errorf("the guard does not serve the new proxy: %+v", answer)
		}
		if escaped := world.settled(t, before); escaped != 0 {
			t.Errorf("%d frames escaped", escaped)
		}
		if now, _ := os.ReadFile(g.shared + "/ca.crt"); !bytes.Equal(now, authority) {
			t.Error("the sandbox CA changed")
		}
	})
}

func TestARestartedGuardKeepsTheSandboxCA(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		folder := t.TempDir()
		first, err := openAuthority(folder, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		second, err := openAuthority(folder, time.Now())
		if err != nil || !bytes.Equal(first.certPEM, second.certPEM) {
			t.Errorf("another CA: %v", err)
		}
		later, err := openAuthority(folder, time.Now().Add(authorityLifetime))
		if err != nil || bytes.Equal(first.certPEM, later.certPEM) {
			t.Errorf("an expired CA was kept: %v", err)
		}
	})
}

func TestTheGuardStopsInOrder(t *testing.T) {
	for name, proxyArgs := range map[string][]string{"a proxy that listens": nil, "a proxy that does not": {"deaf"}} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			inNamespaces(t, func(t *testing.T) {
				startPod(t)
				g := startGuard(t, proxyArgs...)
				proxy := g.proxy(t)
				if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				select {
				case err := <-g.ended:
					if err != nil {
						t.Errorf("the guard ended with %v\n%s", err, g.log.String())
					}
				case <-time.After(shutdownGrace + 5*time.Second):
					t.Fatal("the guard does not stop")
				}
				until(t, "the proxy's end", func() bool { return uidOf(proxy) < 0 })
				if listing, err := listFence(); err != nil || checkListing(listing) != nil {
					t.Errorf("the fence did not outlive the guard: %v", err)
				}
			})
		})
	}
}
